// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// Temper beside the Python stack that its users would pick instead. `make bench` runs it.

import PackageDescription

let engine = Context.packageDirectory + "/../.deps/engine/mlx/lib"

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "temper", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "temper-bench",
            dependencies: [
                .product(name: "Measuring", package: "temper"),
                .product(name: "Training", package: "temper"),
                .product(name: "Suites", package: "temper"),
                .product(name: "Records", package: "temper"),
                .product(name: "LanguageModels", package: "temper"),
                .product(name: "Tensors", package: "temper"),
                .product(name: "Tokenization", package: "temper"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ],
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", engine])])
    ]
)
