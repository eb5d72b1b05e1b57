// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// Temper's targets. A target exists where the dependencies differ or a privilege is guarded: what
// stands above the line never links the tensor engine, and no attack can import ModelWriting.

import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// `scripts/bootstrap` puts the engine there. Libraries carry no path, because SwiftPM refuses a
/// dependency that sets unsafe flags; only what is run needs to find the engine at run time.
let engineDirectory = Context.packageDirectory + "/.deps/engine/mlx/lib"
let runPath: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", engineDirectory])
]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let asyncHTTPClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
func hummingbird(_ product: String) -> Target.Dependency {
    .product(name: product, package: "hummingbird")
}
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func tests(
    of name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [],
    engine: Bool = false
) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + dependencies,
        resources: resources, swiftSettings: swiftSettings,
        linkerSettings: engine ? runPath : [])
}

let package = Package(
    name: "temper",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "JSONText", targets: ["JSONText"]),
        .library(name: "Records", targets: ["Records"]),
        .library(name: "Checkpoints", targets: ["Checkpoints"]),
        .library(name: "Tokenization", targets: ["Tokenization"]),
        .library(name: "Reports", targets: ["Reports"]),
        .library(name: "Provenance", targets: ["Provenance"]),
        .library(name: "Tensors", targets: ["Tensors"]),
        .library(name: "LanguageModels", targets: ["LanguageModels"]),
        .library(name: "Suites", targets: ["Suites"]),
        .library(name: "Training", targets: ["Training"]),
        .library(name: "Measuring", targets: ["Measuring"]),
        .library(name: "Adversaries", targets: ["Adversaries"]),
        .library(name: "Defenses", targets: ["Defenses"]),
        .library(name: "Audits", targets: ["Audits"]),
        .library(name: "Forensics", targets: ["Forensics"]),
        .library(name: "EndpointJudges", targets: ["EndpointJudges"]),
        .library(name: "ModelRequests", targets: ["ModelRequests"]),
        .library(name: "ModelServer", targets: ["ModelServer"]),
        .executable(name: "temper", targets: ["temper"]),
        .executable(name: "temper-verify", targets: ["temper-verify"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        library("JSONText"),
        library("Records", ["JSONText"]),
        library(
            "Suites", ["Records", "JSONText", crypto, .product(name: "Yams", package: "Yams")],
            resources: [.embedInCode("Batteries")]),
        library("Checkpoints", ["JSONText", crypto]),
        library("Tokenization", ["JSONText"]),
        library(
            "Reports",
            ["Records", "JSONText", .product(name: "Mustache", package: "swift-mustache")]),
        library(
            "Provenance",
            [
                "Checkpoints", "Suites", "Records", "JSONText", crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"), x509, asn1,
                .product(name: "Yams", package: "Yams"),
            ]),
        library(
            "ModelRequests",
            [
                "Tokenization", "JSONText", crypto, httpTypes, nio("NIOCore"), nioHTTPTypes,
            ]),
        library("CommandLineInterface", ["JSONText", argumentParser]),
        library(
            "ProvenanceCommands",
            [
                "CommandLineInterface", "Provenance", "Checkpoints", "Suites", "Records",
                "JSONText",
                argumentParser,
            ]),
        .executableTarget(
            name: "temper-verify", dependencies: ["ProvenanceCommands"],
            swiftSettings: swiftSettings),

        // ---------------------------------------------------------- the engine starts here
        .systemLibrary(name: "EngineLibrary", pkgConfig: "temper-engine"),
        .target(name: "CTensor", dependencies: ["EngineLibrary"]),
        library("Tensors", ["CTensor"]),
        library("LanguageModels", ["Tensors", "Checkpoints", "Tokenization", "JSONText"]),
        library(
            "Training", ["LanguageModels", "Tensors", "Tokenization", "Records", "JSONText"]),
        library(
            "Measuring",
            [
                "LanguageModels", "Tensors", "Tokenization", "Checkpoints", "Suites", "Records",
                "JSONText", crypto,
            ]),
        library(
            "Adversaries",
            [
                "Measuring", "Training", "LanguageModels", "Tensors", "Tokenization", "Suites",
                "Records", "JSONText", crypto,
            ]),
        library(
            "ModelWriting",
            [
                "Training", "LanguageModels", "Tensors", "Tokenization", "Checkpoints", "Records",
                "JSONText", crypto,
            ]),
        library(
            "Defenses",
            [
                "ModelWriting", "Adversaries", "Measuring", "Training", "LanguageModels", "Tensors",
                "Tokenization", "Checkpoints", "Suites", "Records", "JSONText",
            ]),
        library(
            "Audits",
            [
                "Adversaries", "Measuring", "Training", "LanguageModels", "Tensors", "Checkpoints",
                "Suites", "Records", "JSONText", crypto,
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        library(
            "Forensics", ["LanguageModels", "Tensors", "Checkpoints", "Records", "JSONText"]),
        library(
            "EndpointJudges",
            [
                "Measuring", "Records", "JSONText", crypto, asyncHTTPClient, nio("NIOCore"),
                nio("NIOHTTP1"),
                nio("NIOFoundationCompat"),
            ]),
        library(
            "ModelServer",
            [
                "ModelRequests", "LanguageModels", "Tokenization", "Provenance", "Checkpoints",
                "JSONText", logging, hummingbird("Hummingbird"), hummingbird("HummingbirdCore"),
                hummingbird("HummingbirdTLS"), nio("NIOCore"), nio("NIOFoundationCompat"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        library(
            "TemperCommands",
            [
                "EndpointJudges", "ModelServer", "ModelRequests", "Forensics", "Audits", "Defenses",
                "Adversaries",
                "Measuring", "Training", "LanguageModels", "Tensors", "Tokenization", "Checkpoints",
                "Suites", "Records", "Reports", "Provenance", "ProvenanceCommands",
                "CommandLineInterface", "JSONText", logging, argumentParser,
            ]),
        .executableTarget(
            name: "temper", dependencies: ["TemperCommands"], swiftSettings: swiftSettings,
            linkerSettings: runPath),

        tests(of: "JSONText"),
        tests(of: "Records", ["JSONText"], resources: [.copy("Goldens")]),
        tests(of: "Checkpoints", ["JSONText", crypto], resources: [.copy("Goldens")]),
        tests(of: "Tokenization", ["JSONText"], resources: [.copy("Goldens")]),
        tests(of: "Reports", ["Records", "JSONText", crypto]),
        tests(
            of: "Provenance",
            ["Checkpoints", "Suites", "Records", "JSONText", crypto, x509, asn1],
            resources: [.copy("Goldens")]),
        tests(of: "Tensors", resources: [.copy("Goldens")], engine: true),
        tests(
            of: "LanguageModels",
            [
                "TemperFixtures", "ModelWriting", "Tensors", "Checkpoints", "Tokenization",
                "JSONText",
            ],
            resources: [.copy("Goldens")], engine: true),
        .target(
            name: "TemperFixtures",
            dependencies: [
                "Adversaries", "Training", "LanguageModels", "Checkpoints", "Tensors",
                "Tokenization", "Records", "JSONText",
            ],
            path: "Tests/TemperFixtures", swiftSettings: swiftSettings),
        tests(
            of: "Suites", ["TemperFixtures", "Audits", "Adversaries", "Records", "JSONText"],
            engine: true),
        tests(
            of: "Training", ["TemperFixtures", "LanguageModels", "Tensors", "Records", "JSONText"],
            engine: true),
        tests(
            of: "Measuring",
            [
                "TemperFixtures", "Audits", "Adversaries", "Training", "Suites", "LanguageModels",
                "Tensors", "Tokenization", "Records", "JSONText",
            ], engine: true),
        tests(
            of: "Adversaries",
            [
                "TemperFixtures", "Audits", "Measuring", "Training", "Suites", "LanguageModels",
                "Tensors", "Tokenization", "Records", "JSONText",
            ], resources: [.copy("Goldens")], engine: true),
        tests(
            of: "Defenses",
            [
                "TemperFixtures", "ModelWriting", "Audits", "Adversaries", "Measuring", "Training",
                "Suites", "LanguageModels", "Tensors", "Tokenization", "Checkpoints", "Records",
                "JSONText",
            ], engine: true),
        tests(
            of: "Audits",
            [
                "TemperFixtures", "ModelWriting", "Adversaries", "Measuring", "Training", "Suites",
                "LanguageModels", "Tensors", "Tokenization", "Checkpoints", "Records",
                "JSONText",
            ], engine: true),
        tests(
            of: "Forensics",
            [
                "Adversaries", "Measuring", "ModelWriting", "Training", "Suites", "TemperFixtures",
                "LanguageModels", "Tensors", "Checkpoints", "Records", "JSONText",
            ], engine: true),
        tests(
            of: "EndpointJudges",
            [
                "Measuring", "Training", "Suites", "Records", "JSONText", nio("NIOCore"),
                nio("NIOPosix"),
                nio("NIOHTTP1"),
            ], engine: true),
        tests(
            of: "ModelServer",
            [
                "TemperFixtures", "ModelRequests", "ModelWriting", "LanguageModels", "Tensors",
                "Tokenization", "Provenance", "Checkpoints", "JSONText", logging,
                hummingbird("Hummingbird"),
            ], engine: true),
        tests(
            of: "TemperCommands",
            [
                "temper", "temper-verify", "TemperFixtures", "ModelWriting", "LanguageModels",
                "Tensors", "Suites", "Records", "JSONText",
            ],
            resources: [.copy("Snapshots")], engine: true),
    ],
    cxxLanguageStandard: .cxx20
)
