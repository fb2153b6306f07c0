import TestSupport

/// Changes inputs as people and accidents do, knowing lines, words and numbers, but no format.
public struct Mutation {
    private var noise: SeededNoise
    private let longest: Int

    /// The same seed gives the same changes.
    public init(seed: UInt64, longest: Int) {
        noise = SeededNoise(seed: seed)
        self.longest = longest
    }

    /// What means something to some reader.
    public static let words = [
        "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\n", "\r\n", "\t", "\0", "\u{FEFF}", "- ", "  ", "# ",
        "---\n", "...\n", "&a ", "*a", "<<: *a\n", "|\n", ">-\n", "!!str ", "? ", "%YAML 1.2\n", "{{", "}}",
        "{{ if .x }}", "{{ end }}", "{{- range $k, $v := .Values.a }}", "{{ include \"a\" . }}", "{%", "%}",
        "<%",
        "%>", "${", "$(A)", "{A}", "null", "true", "false", "~", "-1", "0", "1e308", "-1e308", "1e-400",
        "NaN",
        "9223372036854775807", "-9223372036854775808", "9007199254740993", "18446744073709551616", "0x7f",
        "1_000",
        "2020-07-22T13:35:42Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z", "2020-02-30", "+25:00",
        "1600000000", "1600000000000000000", "\u{C0}\u{80}", "é", "👩‍🚀", "\u{2028}", "\u{85}", "\u{1B}[31m",
        "\\u0000",
        "\\ud800", "key: key", "name: a", "value: b", "=", "<<EOF\n", "EOF\n", "[[a]]\n", "[a.b]\n", "\"\"\"",
        "'''",
        "finished=", "env=\"", " and ", " or ", " not ", "(", ")", ">=", "==", "..", "../", "**/", "*", "?",
        ";",
        "--- after a.yaml\n", "--- before a.yaml\n", "--- kustomization.yaml\n", "resources:\n", "patches:\n",
        "secretKeyRef:", "replicas: three", "image: a:1@sha256:0", "password: hunter2", "://", "@", "%00",
        "&x=",
    ].map { Array($0.utf8) }

    /// An input with a few changes.
    ///
    /// - Parameter other: pieces of it may be taken over.
    public mutating func changed(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0...below(4) { change(&bytes, other) }
        if bytes.count > longest { bytes.removeLast(bytes.count - longest) }
        return bytes
    }

    private mutating func below(_ limit: Int) -> Int { Int(noise.next() % UInt64(max(1, limit))) }

    private mutating func range(in bytes: [UInt8], most: Int) -> Range<Int> {
        let start = below(bytes.count + 1)
        return start..<min(bytes.count, start + below(most + 1))
    }

    private mutating func lines(in bytes: [UInt8]) -> Range<Int> {
        let starts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
        let first = below(starts.count)
        let end = first + 1 + below(below(4) == 0 ? 12 : 2)
        return starts[first]..<(end < starts.count ? starts[end] : bytes.count)
    }

    private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
        switch below(11) {
        case 0: bytes.removeSubrange(range(in: bytes, most: 16))
        case 1: bytes.removeSubrange(lines(in: bytes))
        case 2:
            let copied = bytes[lines(in: bytes)]
            bytes.insert(contentsOf: copied, at: lines(in: bytes).lowerBound)
        case 3: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: below(bytes.count + 1))
        case 4: bytes.replaceSubrange(range(in: bytes, most: 8), with: Self.words[below(Self.words.count)])
        case 5: bytes.insert(contentsOf: other[lines(in: other)], at: lines(in: bytes).lowerBound)
        case 6:
            // Something many times over.
            let unit =
                below(2) == 0 ? Array(bytes[range(in: bytes, most: 6)]) : Self.words[below(Self.words.count)]
            let count = 1 + below(max(1, min(400, longest / max(1, unit.count) / 2)))
            bytes.insert(contentsOf: (0..<count).flatMap { _ in unit }, at: below(bytes.count + 1))
        case 7:
            if !bytes.isEmpty { bytes[below(bytes.count)] = UInt8(truncatingIfNeeded: noise.next()) }
        case 8: renumber(&bytes)
        case 9: indent(&bytes)
        default: bytes.removeLast(below(4) == 0 ? below(bytes.count) : 0)
        }
    }

    /// Puts another number in place of one.
    private mutating func renumber(_ bytes: inout [UInt8]) {
        let start = below(bytes.count)
        guard let first = bytes[start...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
        let end = bytes[first...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        let numbers = [
            "0", "-0", "99999999999999999999", "1e999", "0.1", "4294967296", "65536", "-7", "1e18",
        ]
        bytes.replaceSubrange(first..<end, with: Array(numbers[below(numbers.count)].utf8))
    }

    /// Moves some lines in or out.
    private mutating func indent(_ bytes: inout [UInt8]) {
        let range = lines(in: bytes)
        let spaces = [UInt8](repeating: 0x20, count: 1 + below(4))
        var moved: [UInt8] = []
        for line in bytes[range].split(separator: 0x0A, omittingEmptySubsequences: false) {
            if !moved.isEmpty { moved.append(0x0A) }
            moved += below(2) == 0 ? spaces + line : Array(line.drop { $0 == 0x20 })
        }
        bytes.replaceSubrange(range, with: moved)
    }
}
