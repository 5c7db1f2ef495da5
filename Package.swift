// swift-tools-version: 6.3
import PackageDescription

/// Settings of every target: Swift 6 with the upcoming features that make access and concurrency
/// explicit, and no warning left standing.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Modules whose inner loops decide how long a test takes are optimised in debug builds too;
/// bounds checks and preconditions stay.
let optimised: [SwiftSetting] = strict + [.unsafeFlags(["-O"])]

/// The instruction set of the kernel modules. x86-64-v3 (AVX2, FMA) is the oldest that is fast;
/// `EXP_MARCH=x86-64` builds without FMA instructions and `x86-64-v4` with AVX-512, to prove that the
/// bits are the same (`script/exactness`).
#if arch(x86_64)
  let march = Context.environment["EXP_MARCH"] ?? "x86-64-v3"
  let kernel: [SwiftSetting] =
    optimised + [
      .unsafeFlags(["-disable-batch-mode", "-wmo", "-num-threads", "2", "-Xcc", "-march=\(march)"])
    ]
    // For the binary to refuse a CPU that its kernels would crash on.
    + (march == "x86-64"
      ? [] : [.define(march == "x86-64-v4" ? "NEEDS_X86_64_V4" : "NEEDS_X86_64_V3")])
#else
  let kernel = optimised
#endif

/// Layers from the bottom up; a module imports only modules above it in this list.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = strict
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
    path: "Tests/\(name)Tests",
    exclude: [], resources: [.copy("Fixtures")], swiftSettings: strict)
}

let package = Package(
  name: "exp",
  products: [.executable(name: "exp", targets: ["exp"])],
  targets: [
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLinux"),
    .target(
      name: "Schema", path: "schema", exclude: ["README.md", "experiment.schema.json"],
      resources: [.embedInCode("ledger.sql"), .embedInCode("ledger-2.sql")], swiftSettings: strict),

    module("ContentStore", ["CLinux"], optimised),
    module("Numerics", ["CLinux"], kernel),
    module("Ledger", ["ContentStore", "CSQLite", "Schema"]),
    module("Provenance", ["ContentStore", "CGit2", "CLinux", "CSQLite"]),
    module("Text", ["ContentStore"], optimised),
    module("Corpus", ["ContentStore", "Numerics", "Text"], optimised),
    module("LanguageModel", ["ContentStore", "Numerics", "Text"], optimised),
    module("Training", ["ContentStore", "Numerics", "LanguageModel"], optimised),
    module(
      "Evaluation", ["ContentStore", "Text", "Corpus", "Numerics", "LanguageModel"], optimised),
    module("Pipeline", ["ContentStore", "Ledger"]),
    module(
      "Stages",
      [
        "ContentStore", "Pipeline", "Ledger", "Text", "Corpus", "Numerics", "LanguageModel",
        "Training", "Evaluation", "CLinux",
      ]),
    module(
      "Runner",
      ["ContentStore", "Ledger", "Provenance", "Pipeline", "LanguageModel", "CLinux"]),
    module("Reports", ["ContentStore", "Ledger", "Numerics", "Pipeline", "Evaluation"]),
    .executableTarget(
      name: "exp",
      dependencies: [
        "ContentStore", "Ledger", "Provenance", "Text", "Corpus", "Numerics", "LanguageModel",
        "Evaluation", "Pipeline", "Stages", "Runner", "Reports", "Training", "CLinux",
      ],
      swiftSettings: strict, linkerSettings: [.linkedLibrary("m")]),

    tests("ContentStore"),
    tests("Numerics", ["COpenBLAS"]),
    tests("Ledger", ["ContentStore", "CSQLite"]),
    tests("Provenance", ["ContentStore"]),
    tests("Text", ["ContentStore"]),
    tests("Corpus", ["ContentStore", "Text"]),
    tests("LanguageModel", ["ContentStore", "Numerics", "Text"]),
    tests("Training", ["ContentStore", "Numerics", "LanguageModel"]),
    tests("Evaluation", ["ContentStore", "Text", "Corpus", "LanguageModel"]),
    tests("Pipeline", ["ContentStore", "Ledger"]),
    tests(
      "Stages",
      [
        "ContentStore", "Pipeline", "Ledger", "Text", "Corpus", "Numerics", "LanguageModel",
        "Training", "Evaluation",
      ]),
    tests(
      "Runner",
      [
        "ContentStore", "Ledger", "Pipeline", "Provenance", "Stages", "LanguageModel", "Numerics",
        "Training",
      ]),
    tests("Reports", ["ContentStore", "Ledger", "Pipeline", "Evaluation"]),
    .testTarget(
      name: "CommandLineTests", dependencies: ["exp", "Ledger", "Runner"],
      path: "Tests/CommandLine",
      swiftSettings: strict),
    .testTarget(
      name: "AcceptanceTests", dependencies: ["exp", "ContentStore", "CSQLite"],
      path: "Tests/Acceptance",
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
