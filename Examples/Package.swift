// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// What a package that depends on Temper looks like: a program that audits a model, and an attack of
// its own with a test. Build it with the PKG_CONFIG_PATH that 'make example' sets.

import PackageDescription

let engine = Context.packageDirectory + "/../.deps/engine/mlx/lib"
let runPath: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", engine])]
func temper(_ product: String) -> Target.Dependency { .product(name: product, package: "temper") }

let package = Package(
    name: "Examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "temper", path: "..")],
    targets: [
        .executableTarget(
            name: "AuditAModel",
            dependencies: [
                temper("Audits"), temper("Adversaries"), temper("Measuring"), temper("Suites"),
                temper("Records"), temper("Reports"),
            ],
            path: "AuditAModel", linkerSettings: runPath),
        .target(
            name: "LayerSilencing",
            dependencies: [
                temper("Adversaries"), temper("Training"), temper("LanguageModels"),
                temper("Tensors"), temper("Records"),
            ],
            path: "AnAttackOfYourOwn", exclude: ["Tests"]),
        .testTarget(
            name: "LayerSilencingTests",
            dependencies: [
                "LayerSilencing", temper("Audits"), temper("Adversaries"), temper("Measuring"),
                temper("Suites"), temper("Records"),
            ],
            path: "AnAttackOfYourOwn/Tests", linkerSettings: runPath),
    ]
)
