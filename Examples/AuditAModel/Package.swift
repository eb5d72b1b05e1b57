// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// A package that depends on Temper. Build it with the PKG_CONFIG_PATH that 'make example' sets.

import PackageDescription

let engine = Context.packageDirectory + "/../../.deps/engine/mlx/lib"

let package = Package(
    name: "AuditAModel",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "temper", path: "../..")],
    targets: [
        .executableTarget(
            name: "AuditAModel",
            dependencies: [
                .product(name: "Audits", package: "temper"),
                .product(name: "Adversaries", package: "temper"),
                .product(name: "Measuring", package: "temper"),
                .product(name: "Suites", package: "temper"),
                .product(name: "Records", package: "temper"),
                .product(name: "Reports", package: "temper"),
            ],
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", engine])])
    ]
)
