import ConfigTree
import DeployModel

/// F13: values whose type is not what stood there before, or not what the schema takes.
func findTypeTraps(in change: inout FoundChange, of object: JudgedObject) {
    guard let after = change.afterNode else { return }
    var traps: [(place: String, line: Int, finding: FaultFinding)] = []
    visitValues(after, change.beforeNode, at: change.path) { value in
        guard let trap = typeTrap(value, of: object) else { return }
        if trap.fault == .refusedType, value.path.isOfMarks,
            object.habits.unquotedMarks(ofKind: object.kind).contains(value.path.last?.name ?? "")
        {
            return
        }
        let line = value.node.start.line
        traps.append((placeWords(value.path, line: line, in: change), line, trap))
    }
    if traps.contains(where: { $0.finding.fault == .refusedType }), let before = object.before,
        object.isUsedToRefusals({ hasRefusals(before.root, of: object) })
    {
        // Something between this file and the API server puts the quotes in.
        traps.removeAll { $0.finding.fault == .refusedType }
    }
    guard !traps.isEmpty else {
        if change.findings.isEmpty, let before = change.beforeNode, let x = before.scalar,
            let y = after.scalar,
            x.isExpression, x.text == y.text, y.style == .quoted, object.expected(at: change.path) == .text
        {
            change.innocence = Evidence(kind: "same_value", text: "only its quotes changed", weight: -0.8)
        }
        return
    }
    change.findings += traps.prefix(mostSchemaFindings).map { place, line, finding in
        var placed = FaultFinding(finding.fault, weight: finding.weight, place + finding.text)
        placed.line = line
        return placed
    }
    if traps.count > mostSchemaFindings, let last = change.findings.indices.last {
        change.findings[last].text += "; so it is with \(traps.count - mostSchemaFindings) more values"
    }
}

/// Whether the API server refuses a value where it takes only text.
func isRefusedAsText(_ node: ConfigNode) -> Bool {
    node.scalar.map { refusal(of: $0, expected: .text) != nil } ?? false
}

extension FieldPath {
    /// Whether it leads to a label or an annotation of an object itself.
    fileprivate var isOfMarks: Bool {
        count == 3 && self[0].name == "metadata" && ["labels", "annotations"].contains(self[1].name)
    }
}

private func hasRefusals(_ root: ConfigNode, of object: JudgedObject) -> Bool {
    var isFound = false
    visitValues(root, nil, at: []) { value in
        if !isFound, let scalar = value.node.scalar {
            isFound = refusal(of: scalar, expected: object.expected(at: value.path)) != nil
        }
    }
    return isFound
}

/// A single value with what was there before.
private struct JudgedValue {
    var path: FieldPath
    var node: ConfigNode
    var before: ConfigNode?
    /// The list that it is an element of; empty for what is none.
    var list: [ConfigNode] = []
    /// The places of the elements around it, and its own.
    var around = 0..<0
    var place = 0

    /// The other elements around it.
    var peers: some Collection<ConfigNode> {
        around.lazy.filter { $0 != place }.map { list[$0] }
    }
}

/// Of a long list, how many neighbours on each side an element is compared with.
private let mostNeighbours = 200

/// Every single value inside a node that is not the same as before.
private func visitValues(
    _ node: ConfigNode, _ before: ConfigNode?, at path: FieldPath, _ visit: (JudgedValue) -> Void
) {
    switch node.kind {
    case .scalar:
        if let before, isSameValue(before, node) { return }
        visit(JudgedValue(path: path, node: node, before: before))
    case .mapping:
        // What comes in through an anchor is judged where the anchor stands.
        for entry in effectiveEntries(of: node) where !entry.isMerged {
            visitValues(entry.value, before?[entry.key], at: path + [.key(entry.key)], visit)
        }
    case .sequence(let elements):
        let old = before?.elements ?? []
        let oldTexts = Set(old.compactMap(\.text))
        for (index, (step, element)) in steps(to: elements, ofList: path.last?.name).enumerated() {
            if old.indices.contains(index), isSameValue(old[index], element) { continue }
            // Of the neighbours only, in long lists: each against each other takes too long.
            let near = max(0, index - mostNeighbours)..<(index + mostNeighbours)
            let mayBeThere = element.text.map(oldTexts.contains) ?? true
            if mayBeThere,
                old[near.clamped(to: old.indices)].contains(where: { isSameValue($0, element) })
            {
                continue
            }
            let former = old.count == elements.count ? old[index] : nil
            guard element.scalar != nil else {
                visitValues(element, former, at: path + [step], visit)
                continue
            }
            visit(
                JudgedValue(
                    path: path + [step], node: element, before: former, list: elements,
                    around: near.clamped(to: elements.indices), place: index))
        }
    }
}

private func typeTrap(_ value: JudgedValue, of object: JudgedObject) -> FaultFinding? {
    guard let scalar = value.node.scalar else { return nil }
    guard !scalar.isTemplated else { return requoted(scalar, value, of: object) }
    let old = value.before?.scalar.flatMap { $0.isTemplated ? nil : $0 }
    let expected = object.expected(at: value.path)
    lazy var isHidden =
        object.kind == "Secret" || maskedIfSecret(scalar.text, name: value.path.valueName) != scalar.text
    lazy var shown = isHidden ? "the value" : "`\(scalar.text)`"
    func words(_ reading: PlainReading) -> String { isHidden ? reading.kindWords : reading.words }

    if let refused = refusal(of: scalar, expected: expected) {
        if let old, refusal(of: old, expected: expected) != nil { return nil }
        let wasQuoted = scalar.style == .plain && old?.style == .quoted && old?.text == scalar.text
        let quotes = scalar.style == .quoted ? " in quotes" : wasQuoted ? " without its quotes" : ""
        return FaultFinding(
            .refusedType,
            "\(shown)\(quotes) is read as \(words(refused.reading)), where "
                + (object.isKustomization
                    ? "kustomize takes \(refused.wanted): it stops there"
                    : "the API server takes \(refused.wanted): it refuses the object"))
    }
    guard object.isYAML(at: value.path), scalar.style == .plain else { return nil }
    let reading = PlainReading(scalar.text)
    guard let found = surprise(scalar, reading, was: old, expected: expected, value: value) else {
        return nil
    }
    let subject = scalar.text.isEmpty ? "an empty value" : shown
    return FaultFinding(
        .typeTrap, weight: found.weight, "\(subject) is read as \(words(reading)) \(found.reason)")
}

/// An expression of a template whose quotes came or went.
private func requoted(
    _ scalar: ConfigNode.Scalar, _ value: JudgedValue, of object: JudgedObject
) -> FaultFinding? {
    guard scalar.isExpression, let old = value.before?.scalar else { return nil }
    let isSame = old.text == scalar.text && old.style != scalar.style
    switch object.expected(at: value.path) {
    case .text where scalar.style == .plain && !quotesItself(scalar.text):
        guard isSame || old.isExpression && old.style == .plain && quotesItself(old.text) else { return nil }
        return FaultFinding(
            .typeTrap, weight: 0.5,
            "without its quotes a number, or `true`, is not text, which is all that the API server takes here"
        )
    case .integer where scalar.style == .quoted && isSame, .number where scalar.style == .quoted && isSame,
        .boolean where scalar.style == .quoted && isSame:
        return FaultFinding(
            .refusedType, "in quotes it is text whatever it says: the API server refuses the object")
    default: return nil
    }
}

/// Whether an expression puts what it writes between quotes.
private func quotesItself(_ text: String) -> Bool {
    let squeezed = text.filter { $0 != " " && $0 != "-" }
    return [
        "|quote", "|squote", "{{quote", "{{squote", "toJson", "to_json", "toYaml", "to_nice_yaml",
        "printf\"%q",
    ].contains(where: squeezed.holds)
}

// MARK: What the schema refuses

/// A single value that is refused as it is rendered; nothing where one like it was refused before.
func refusedValue(
    _ scalar: ConfigNode.Scalar, was old: ConfigNode.Scalar?, expected: FieldType?, isHidden: Bool
) -> FaultFinding? {
    guard let refused = refusal(of: scalar, expected: expected),
        old.map({ refusal(of: $0, expected: expected) == nil }) ?? true
    else { return nil }
    return FaultFinding(
        .refusedType,
        "\(isHidden ? "the value" : "`\(scalar.text)`")\(scalar.style == .quoted ? " in quotes" : "") is read as "
            + "\(isHidden ? refused.reading.kindWords : refused.reading.words), where the API server takes \(refused.wanted): it refuses the object"
    )
}

/// What a value is read as, and what was wanted instead.
private struct Refusal {
    var reading: PlainReading
    var wanted: String
}

/// Whether the API server refuses a value for its type. Nothing is said of what may be filled in later.
private func refusal(of scalar: ConfigNode.Scalar, expected: FieldType?) -> Refusal? {
    guard let expected, !scalar.isTemplated else { return nil }
    let plain = scalar.style == .plain ? PlainReading(scalar.text) : .asText(scalar.text)
    let reading = plain.isOfClusters ? plain : .asText(scalar.text)
    if reading.kind == .null { return nil }
    let wanted: String?
    switch expected {
    case .text: wanted = reading.kind == .text ? nil : "only text"
    case .integer: wanted = reading.isWhole ? nil : "an integer"
    case .number: wanted = reading.kind == .integer || reading.kind == .number ? nil : "a number"
    case .boolean: wanted = reading.kind == .boolean ? nil : "true or false"
    case .integerOrText:
        wanted = reading.kind == .text || reading.isWhole ? nil : "an integer or text"
    case .list: wanted = "a list"
    case .map, .object: wanted = "a mapping"
    case .quantity, .time, .any: wanted = nil
    }
    guard let wanted, reading.kind != .text || !isPlaceholder(scalar.text) else { return nil }
    return Refusal(reading: reading, wanted: wanted)
}

/// Whether a text looks like something that is replaced before the file is used: `$PORT`, `__PORT__`, `PORT`.
private func isPlaceholder(_ text: String) -> Bool {
    text.contains { "$%@<>{}#*!".contains($0) } || text.holds("__")
        || text.contains(where: \.isLetter) && text == text.uppercased()
}

// MARK: What surprises

/// Why a value is a trap, and how surely: by the weight of the class where nothing else is said.
private struct Surprise {
    var weight: Double?
    var reason: String

    init(weight: Double? = nil, _ reason: String) {
        self.weight = weight
        self.reason = reason
    }
}

/// What is surprising about a value that the schema has nothing against.
private func surprise(
    _ scalar: ConfigNode.Scalar, _ reading: PlainReading, was old: ConfigNode.Scalar?, expected: FieldType?,
    value: JudgedValue
) -> Surprise? {
    switch expected {
    case .text?: return lostText(reading, was: old)
    case .integer?: return octal(scalar, reading, was: old, path: value.path)
    case nil, .any?: break
    default: return nil
    }
    guard reading.kind != .text else { return nil }
    if let old, old.style == .quoted, old.text == scalar.text {
        // A number that reads as it looks is more often tidied than mistaken.
        return Surprise(weight: reading.isSurprising ? nil : 0.4, "now that its quotes are gone")
    }
    if let lost = lostText(reading, was: old) { return lost }
    guard reading.isSurprising, reading.kind != .null else { return nil }
    if let old {
        let former = old.style == .quoted ? .asText(old.text) : PlainReading(old.text)
        if former.kind == .text, !old.text.isEmpty { return Surprise("where text stood") }
        if former.family != reading.family, former.kind != .null {
            return Surprise(weight: 0.5, "where \(former.kindWords) stood")
        }
    }
    if let peers = strayedFromPeers(value) { return peers }
    return version(scalar, reading, was: old, path: value.path)
        ?? octal(scalar, reading, was: old, path: value.path)
}

/// Nothing, where text stood.
private func lostText(_ reading: PlainReading, was old: ConfigNode.Scalar?) -> Surprise? {
    guard reading.kind == .null, let old, !old.text.isEmpty,
        old.style == .quoted || PlainReading(old.text).kind == .text
    else { return nil }
    // It may well be meant.
    return Surprise(weight: 0.6, "where text stood")
}

/// Norway among the countries: one element is no text, and all others are.
private func strayedFromPeers(_ value: JudgedValue) -> Surprise? {
    guard !value.peers.isEmpty else { return nil }
    let areTexts = value.peers.allSatisfy { peer in
        peer.scalar.map { $0.style == .quoted || PlainReading($0.text).kind == .text } ?? false
    }
    return areTexts ? Surprise("while the rest of the list is text") : nil
}

/// `1.10`, which comes before `1.9`.
private func version(
    _ scalar: ConfigNode.Scalar, _ reading: PlainReading, was old: ConfigNode.Scalar?, path: FieldPath
) -> Surprise? {
    let parts = scalar.text.split(separator: ".", omittingEmptySubsequences: false)
    guard reading.kind == .number, parts.count == 2, parts[1].hasSuffix("0"), parts[1].count > 1,
        let minor = Int(parts[1]), Int(parts[0]) != nil
    else { return nil }
    let name = path.fieldNames
    let isVersion = ["version", "tag", "release", "python"].contains { name.contains($0) }
    let former = old?.text.split(separator: ".", omittingEmptySubsequences: false) ?? []
    // As a version it went up, as a number down: it was meant as a version.
    let wentUp =
        former.count == 2 && former[0] == parts[0] && Int(former[1]).map { $0 < minor } == true
        && (old.flatMap { Double($0.text) } ?? 0) > (Double(scalar.text) ?? 0)
    guard isVersion || wentUp else { return nil }
    return Surprise(weight: isVersion ? nil : 0.5, "and so loses its last zero")
}

/// A number with a leading zero, but for the modes of files, which are written so.
private func octal(
    _ scalar: ConfigNode.Scalar, _ reading: PlainReading, was old: ConfigNode.Scalar?, path: FieldPath
) -> Surprise? {
    let name = path.fieldNames
    guard let old, reading.note == " (octal)", !name.contains("mode"), !name.contains("umask"),
        Int(scalar.text) != Int(reading.value)
    else { return nil }
    let former = PlainReading(old.text)
    return former.kind == .integer && former.note.isEmpty ? Surprise("for its leading zero") : nil
}

extension PlainReading {
    /// Families of types that are not taken for each other.
    fileprivate var family: Kind { kind == .integer ? .number : kind }
}

extension FieldPath {
    /// The names that tell what a value is for: the variable's, and that of the nearest key.
    fileprivate var fieldNames: String {
        let key = last { if case .key = $0 { true } else { false } }?.name ?? ""
        return "\(valueName) \(key)".lowercased()
    }
}
