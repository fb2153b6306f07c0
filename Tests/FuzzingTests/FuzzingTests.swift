import Foundation
import FuzzTargets
import TestSupport
import Testing

private let names = FuzzTarget.all.map(\.name)

private func chosen(_ name: String) throws -> FuzzTarget {
    try #require(FuzzTarget.all.first { $0.name == name })
}

/// An input that once broke something: `Fixtures/hostile/TARGET-WHAT/input`.
private struct KeptCase: CustomTestStringConvertible {
    var name: String
    var target: FuzzTarget
    var testDescription: String { name }

    static let all: [KeptCase] = {
        let folders = try? FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/Fixtures/hostile")
        return (folders ?? []).sorted().compactMap { name in
            FuzzTarget.all.first { name.hasPrefix($0.name + "-") }.map { KeptCase(name: name, target: $0) }
        }
    }()
}

@Suite("Every reader keeps its promises, whatever it reads")
struct FuzzingTests {
    @Test("the inputs that others are made from", arguments: names)
    func seeds(name: String) throws {
        let target = try chosen(name)
        let seeds = target.seeds()
        #expect(!seeds.isEmpty)
        for seed in seeds.prefix(40) { try target.run(Array(seed.prefix(8192))) }
    }

    @Test("changed inputs, the same in every run", arguments: names)
    func changes(name: String) throws {
        let target = try chosen(name)
        let seeds = target.seeds().map { Array($0.prefix(8192)) }
        let clock = ContinuousClock()
        let start = clock.now
        // The number is fixed where it can be; a slow machine tries fewer rather than failing.
        for index in 0..<400 where clock.now - start < .seconds(4) {
            var mutation = Mutation(seed: UInt64(index), longest: min(target.longest, 4096))
            let input = mutation.changed(seeds[index % seeds.count], with: seeds[index / 3 % seeds.count])
            do { try target.run(input) } catch {
                Issue.record(
                    "change \(index) of \(target.name): \(error)\n\(String(decoding: input, as: UTF8.self))")
            }
        }
    }

    @Test("inputs that once broke something", arguments: KeptCase.all)
    private func kept(_ kept: KeptCase) throws {
        try kept.target.run(try fixture("hostile/\(kept.name)/input"))
    }

    @Test("a broken promise is noticed")
    func noticed() throws {
        #expect(KeptCase.all.count > 0)
        let changes = (0..<50).map { index in
            var mutation = Mutation(seed: UInt64(index), longest: 64)
            return mutation.changed(Array("key: value\n".utf8), with: Array("a\nb\n".utf8))
        }
        #expect(Set(changes).count > 10 && changes.allSatisfy { $0.count <= 64 })
    }
}
