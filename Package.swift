// swift-tools-version: 6.2
import PackageDescription

/// Settings of every target: Swift 6 mode, explicit existentials, imports that do not leak, warnings as errors.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Targets without C prove that no pointer got in.
let pure = common + [.strictMemorySafety()]

/// For much code that is run through once and has no inner loops: a fifth less of it, for some hundredths more instructions.
let small = pure + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let numerics = Target.Dependency.product(name: "RealModule", package: "swift-numerics")

let package = Package(
    name: "blamedeploy",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "blamedeploy", targets: ["blamedeploy"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-numerics", exact: "1.1.1"),
    ],
    targets: [
        // C libraries, each behind one module map.
        .systemLibrary(
            name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"]), .brew(["libgit2"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CLibyaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .target(
            name: "CSimdjson",
            cxxSettings: [.define("SIMDJSON_THREADS_ENABLED", to: "1")],
            linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CDelimited"),
        .target(name: "CJSONLines"),

        // The values, and the pure middle.
        .target(name: "Parallel", swiftSettings: pure),
        .target(name: "DeployModel", swiftSettings: pure),
        .target(
            name: "ChangeDetection", dependencies: ["DeployModel", "Parallel", numerics], swiftSettings: pure),
        .target(
            name: "Attribution", dependencies: ["DeployModel", "Parallel", numerics], swiftSettings: pure),
        .target(name: "ConfigTree", dependencies: ["CLibyaml", "DeployModel"], swiftSettings: common),
        .target(name: "Kustomize", dependencies: ["ConfigTree", "DeployModel"], swiftSettings: pure),
        .target(
            name: "ConfigFaults",
            dependencies: ["ConfigTree", "DeployModel", "Kustomize", "Parallel", numerics],
            swiftSettings: small),
        .target(
            name: "Investigation",
            dependencies: ["Attribution", "ChangeDetection", "ConfigFaults", "DeployModel", numerics],
            swiftSettings: pure),

        // The ends: history, events, terminal.
        .target(name: "DelimitedText", swiftSettings: pure),
        .target(
            name: "GitHistory", dependencies: ["CLibgit2", "CZlib", "DeployModel", "Parallel"],
            swiftSettings: common),
        .target(
            name: "DeployRecords", dependencies: ["ConfigTree", "DelimitedText", "DeployModel"],
            swiftSettings: small),
        .target(name: "Settings", dependencies: ["ConfigTree", "DeployModel"], swiftSettings: small),
        .target(
            name: "EventIngest",
            dependencies: [
                "CDelimited", "CJSONLines", "CSimdjson", "CZlib", "CZstd", "DelimitedText", "DeployModel",
                "Parallel", numerics,
            ],
            swiftSettings: common),
        .target(
            name: "Connectors", dependencies: ["Attribution", "CCurl", "DeployModel", "EventIngest"],
            swiftSettings: common),
        .target(name: "Reporting", dependencies: ["DeployModel", "Parallel"], swiftSettings: small),
        .target(name: "Scenario", dependencies: ["DeployModel", "GitHistory"], swiftSettings: small),
        .target(
            name: "BlameDeployCLI",
            dependencies: [
                "Attribution", "ChangeDetection", "ConfigFaults", "ConfigTree", "Connectors", "DeployModel",
                "DeployRecords",
                "EventIngest", "GitHistory", "Investigation", "Parallel", "Reporting", "Scenario", "Settings",
                arguments,
            ],
            swiftSettings: common),
        .executableTarget(name: "blamedeploy", dependencies: ["BlameDeployCLI"], swiftSettings: common),

        // Tests.
        .target(
            name: "TestSupport", dependencies: ["Connectors", "DeployModel", "GitHistory"],
            path: "Tests/TestSupport",
            swiftSettings: common),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: common),
        .testTarget(
            name: "DeployModelTests", dependencies: ["DeployModel", "TestSupport"], swiftSettings: common),
        .testTarget(
            name: "ChangeDetectionTests",
            dependencies: ["ChangeDetection", "DeployModel", "TestSupport", numerics],
            swiftSettings: common),
        .testTarget(
            name: "AttributionTests", dependencies: ["Attribution", "DeployModel", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ConfigTreeTests", dependencies: ["ConfigTree", "DeployModel", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ConfigFaultsTests",
            dependencies: ["ConfigFaults", "ConfigTree", "DeployModel", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "KustomizeTests", dependencies: ["ConfigTree", "DeployModel", "Kustomize", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "GitHistoryTests", dependencies: ["DeployModel", "GitHistory", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "DeployRecordsTests", dependencies: ["DeployModel", "DeployRecords", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "SettingsTests", dependencies: ["DeployModel", "Settings", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "EventIngestTests",
            dependencies: ["DelimitedText", "DeployModel", "EventIngest", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ConnectorsTests",
            dependencies: ["Connectors", "DeployModel", "EventIngest", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "InvestigationTests",
            dependencies: ["ConfigFaults", "DeployModel", "Investigation", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ReportingTests", dependencies: ["DeployModel", "Reporting", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ScenarioTests", dependencies: ["DeployModel", "GitHistory", "Scenario", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "CommandTests",
            dependencies: ["BlameDeployCLI", "DeployModel", "TestSupport", "blamedeploy"],
            swiftSettings: common),
        .testTarget(
            name: "DocumentationTests", dependencies: ["DeployModel", "TestSupport", "blamedeploy"],
            swiftSettings: common),
        // Not a test: what it prints depends on the machine, and is kept in docs/benchmarks.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "BlameDeployCLI", "ConfigFaults", "ConfigTree", "Connectors", "DelimitedText", "DeployModel",
                "DeployRecords", "EventIngest", "GitHistory", "Investigation", "Kustomize", "Reporting",
                "Settings",
                "TestSupport",
            ],
            path: "Tests/Fuzzing/Targets", swiftSettings: common),
        .testTarget(
            name: "FuzzingTests", dependencies: ["FuzzTargets", "TestSupport"], swiftSettings: common),
        // Tries inputs for as long as one likes: Tests/Fuzzing/run has libFuzzer choose them.
        .executableTarget(
            name: "Fuzzing", dependencies: ["FuzzTargets"], path: "Tests/Fuzzing/Program",
            swiftSettings: common),
        .executableTarget(
            name: "Soak", dependencies: ["BlameDeployCLI", "DeployModel", "GitHistory", "TestSupport"],
            path: "Tests/Benchmarks/Soak", swiftSettings: common),
        .executableTarget(
            name: "Speed", dependencies: ["ChangeDetection", "DeployModel", "EventIngest", "TestSupport"],
            path: "Tests/Benchmarks/Speed", swiftSettings: common),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
