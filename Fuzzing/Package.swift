// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// Coverage-guided fuzzing of what reads files from strangers. `make fuzz` runs it.

import PackageDescription

let package = Package(
    name: "Fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "temper", path: "..")],
    targets: [
        .systemLibrary(name: "LibFuzzer"),
        .executableTarget(
            name: "temper-fuzz",
            dependencies: [
                "LibFuzzer",
                .product(name: "Checkpoints", package: "temper"),
                .product(name: "Provenance", package: "temper"),
                .product(name: "Tokenization", package: "temper"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ]),
    ]
)
