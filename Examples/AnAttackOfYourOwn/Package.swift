// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// An attack in a package of its own. Test it with the PKG_CONFIG_PATH that 'make example' sets.

import PackageDescription

let engine = Context.packageDirectory + "/../../.deps/engine/mlx/lib"
func temper(_ product: String) -> Target.Dependency { .product(name: product, package: "temper") }

let package = Package(
    name: "AnAttackOfYourOwn",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "temper", path: "../..")],
    targets: [
        .target(
            name: "LayerSilencing",
            dependencies: [
                temper("Adversaries"), temper("Training"), temper("LanguageModels"),
                temper("Tensors"), temper("Records"),
            ]),
        .testTarget(
            name: "LayerSilencingTests",
            dependencies: [
                "LayerSilencing", temper("Audits"), temper("Adversaries"), temper("Measuring"),
                temper("Suites"), temper("Records"),
            ],
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", engine])]),
    ]
)
