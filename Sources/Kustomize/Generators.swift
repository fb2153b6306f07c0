import ConfigTree
import DeployModel

/// One entry of `configMapGenerator` or `secretGenerator`.
struct GeneratorEntry {
    enum Behavior: String { case create, merge, replace }

    let kind: String
    let name: String
    let behavior: Behavior
    let hasHash: Bool
    private let tree: RenderedTree
    private let options: RenderedTree?
    private let general: RenderedTree?

    /// - Parameter general: `generatorOptions` of the kustomization.
    /// - Returns: `nil` for an entry without a name.
    init?(_ tree: RenderedTree, kind: String, general: RenderedTree?) {
        guard let name = tree["name"]?.text else { return nil }
        self.kind = kind
        self.name = name
        self.tree = tree
        self.general = general
        options = tree["options"]
        behavior = tree["behavior"]?.text.flatMap(Behavior.init) ?? .create
        hasHash =
            !(options?["disableNameSuffixHash"]?.isTrue ?? false)
            && !(general?["disableNameSuffixHash"]?.isTrue ?? false)
    }

    /// Files of `NAME=value` lines.
    static func envFiles(of tree: RenderedTree) -> [RenderedTree] {
        (tree["envs"]?.elements ?? []) + [tree["env"]].compactMap { $0 }
    }

    /// `key=path`, or a path whose name is the key.
    static func file(_ text: String) -> (key: String, path: String) {
        guard let equals = text.firstIndex(of: "=") else { return (fileName(of: text), text) }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    /// The object that it makes.
    ///
    /// - Parameter read: the bytes of a file that it names, or `nil` when there is none.
    func object(
        of kustomization: Kustomization,
        read: (RenderedTree, String) throws -> (path: String, bytes: [UInt8])?
    )
        rethrows -> RenderedObject?
    {
        var data: [String: RenderedTree] = [:]
        var binary: [String: RenderedTree] = [:]
        var sources: Set<SourceSpan> = [kustomization.span(tree)]
        func whole(_ path: String) -> SourceSpan { SourceSpan(path: path, lines: 1...Int.max) }
        for entry in Self.envFiles(of: tree) {
            guard let file = entry.text, let (path, bytes) = try read(entry, file) else { continue }
            sources.insert(whole(path))
            for (key, value, line) in Self.assignments(bytes) {
                data[key] = RenderedTree(text: value, origin: Occurrence(path: path, line: line))
            }
        }
        for literal in tree["literals"]?.elements ?? [] {
            guard let text = literal.text, let equals = text.firstIndex(of: "="), equals > text.startIndex
            else {
                continue
            }
            let value = Self.withoutQuotes(text[text.index(after: equals)...])
            data[String(text[..<equals])] = RenderedTree(text: value, origin: literal.origin)
        }
        for entry in tree["files"]?.elements ?? [] {
            guard let text = entry.text else { continue }
            let (key, name) = Self.file(text)
            guard let (path, bytes) = try read(entry, name) else { continue }
            sources.insert(whole(path))
            let origin = Occurrence(path: path, line: 1)
            if let text = String(validating: bytes, as: UTF8.self) {
                data[key] = RenderedTree(text: text, origin: origin)
            } else {
                binary[key] = RenderedTree(text: Base64.encoded(bytes), origin: origin)
            }
        }
        if kind == "Secret" {
            data = data.mapValues { value in
                RenderedTree(text: Base64.encoded(Array((value.text ?? "").utf8)), origin: value.origin)
            }
            data.merge(binary) { _, file in file }
            binary = [:]
        }
        return assembled(data: data, binary: binary, sources: sources)
    }

    private func assembled(
        data: [String: RenderedTree], binary: [String: RenderedTree], sources: Set<SourceSpan>
    ) -> RenderedObject? {
        let origin = tree.origin
        func text(_ text: String) -> RenderedTree { RenderedTree(text: text, origin: origin) }
        var metadata = ["name": text(name)]
        if let namespace = tree["namespace"] { metadata["namespace"] = namespace }
        for field in ["labels", "annotations"] {
            let both = (general?[field]?.fields ?? [:]).merging(options?[field]?.fields ?? [:]) { _, own in
                own
            }
            if !both.isEmpty { metadata[field] = RenderedTree(.mapping(both), origin: origin) }
        }
        var fields = [
            "apiVersion": text("v1"), "kind": text(kind),
            "metadata": RenderedTree(.mapping(metadata), origin: origin),
        ]
        if !data.isEmpty { fields["data"] = RenderedTree(.mapping(data), origin: origin) }
        if !binary.isEmpty { fields["binaryData"] = RenderedTree(.mapping(binary), origin: origin) }
        if kind == "Secret" { fields["type"] = tree["type"] ?? text("Opaque") }
        if let isImmutable = options?["immutable"] ?? general?["immutable"], isImmutable.isTrue {
            fields["immutable"] = isImmutable
        }
        var object = sources.first.flatMap {
            RenderedObject(RenderedTree(.mapping(fields), origin: origin), origin: origin, source: $0)
        }
        object?.sources = sources
        object?.isGenerated = true
        object?.hasHash = hasHash
        return object
    }

    /// `NAME=value` lines as kustomize reads them: the value is all that follows, quotes included.
    private static func assignments(_ bytes: [UInt8]) -> [(key: String, value: String, line: Int)] {
        var found: [(key: String, value: String, line: Int)] = []
        let text = String(
            decoding: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...], as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, raw) in lines.enumerated() {
            let line = raw.drop(while: \.isWhitespace)
            guard let first = line.first, first != "#" else { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            found.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : "", index + 1))
        }
        return found
    }

    private static func withoutQuotes(_ text: Substring) -> String {
        guard text.count >= 2, let first = text.first, first == text.last, first == "\"" || first == "'"
        else {
            return String(text)
        }
        return String(text.dropFirst().dropLast())
    }
}

/// Base64 (RFC 4648), as the data of Secrets is written.
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? letters[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: `nil` for what is none; blanks and line ends are passed over.
    static func decoded(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "="): continue
            default: break
            }
            guard let value = values[Int(byte)] else { return nil }
            bits = (bits << 6 | value) & 0xFFFFFF
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(bits >> count & 0xFF))
        }
        return bytes
    }

    private static let values: [Int?] = {
        var values = [Int?](repeating: nil, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = value }
        return values
    }()
}
