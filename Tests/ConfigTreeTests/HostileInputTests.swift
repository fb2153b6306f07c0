import ConfigTree
import TestSupport
import Testing

@Suite("Reading what nobody would write")
struct HostileInputTests {
    private static let paths = ["a.yaml", "a.json", ".env", "config/x"]

    /// What must hold of any file: places inside it, a bounded tree, a reason wherever there is only an outline.
    private func check(_ bytes: [UInt8], path: String) {
        guard let file = parseConfig(path: path, contents: bytes) else { return }
        for document in file.documents {
            #expect(document.lines.lowerBound >= 1)
            #expect(document.lines.upperBound <= max(file.lines.count, document.lines.lowerBound))
            #expect(document.reading == .parsed || document.problem != nil)
            guard let extent = document.root?.extent else { continue }
            #expect(extent.depth <= depthLimit + 1)
            #expect(extent.count <= bytes.count * 2 + aliasLimit + 2)
        }
    }

    @Test("survives random bytes", arguments: 0..<60)
    func randomBytes(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let alphabet = Array("{}[]:,-#&*!|>'\"%@`\\ \n\t\r$<=_?~ab01ÿ".utf8) + [0, 0xFF, 0xC2, 0x85, 0xF3]
        let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        for path in Self.paths { check(bytes, path: path) }
    }

    @Test("survives random changes to a real file", arguments: 0..<40)
    func mutations(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var bytes = try fixture("configtree/helm-deployment.yaml")
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let start = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...9, using: &random))
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.removeSubrange(start..<end)
            case 1:
                bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0...start, using: &random))
            default:
                bytes.replaceSubrange(
                    start..<end, with: Array("{{%#:- \n&*".utf8).shuffled(using: &random).prefix(4))
            }
        }
        check(bytes, path: "a.yaml")
        if let file = parseConfig(path: "a.yaml", contents: bytes) {
            let again = parseConfig(path: "a.yaml", contents: bytes)
            #expect(file == again)
        }
    }

    @Test(
        "stays bounded on one thing many times over",
        arguments: [
            "{{", "{{ if x }}\n", "{%", "<%", "${", "{A}", "\"", "- ", "&a *a ", "---\n", "a: |\n", "{{\"",
            "[[[: ",
        ])
    func repetition(unit: String) {
        let bytes = Array(String(repeating: unit, count: 3_000).utf8)
        for path in Self.paths { check(bytes, path: path) }
    }
}

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
