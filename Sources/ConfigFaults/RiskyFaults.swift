import ConfigTree
import DeployModel
import RealModule

/// What is risky by the nature of the field, and of the fields that it becomes in rendered objects.
func findRisks(in change: inout FoundChange) {
    if change.change.object?.kind == "env", let before = change.beforeNode?.scalar,
        let after = change.afterNode?.scalar,
        before.text == after.text, !after.text.contains("$")
    {
        change.innocence = Evidence(
            kind: "same_value", text: "only its quotes changed, which most readers of such files take away",
            weight: -0.8)
        return
    }
    if let before = change.beforeNode?.text, let after = change.afterNode?.text, before != after,
        change.path.suffix(2).first.map({ ["limits", "requests"].contains($0.name) }) ?? false,
        change.path.contains(.key("resources")), let name = change.path.last?.name,
        ["cpu", "memory", "ephemeral-storage", "storage"].contains(name),
        let old = quantity(before), old == quantity(after)
    {
        change.innocence = Evidence(
            kind: "same_value", text: "\(before) and \(after) are as much", weight: -0.9)
        return
    }
    if saysTheSame(change) {
        change.innocence = Evidence(
            kind: "same_value", text: "only blanks, or how a list is written, changed", weight: -0.9)
        return
    }
    let landed = change.landings.compactMap { landing in
        risk(of: landing).map { found in
            var placed = found
            placed.text += " (lands in \(landing.place ?? landing.change.path))"
            return placed
        }
    }
    // They look at one field from several sides, so that they are no independent evidence: the strongest counts.
    let strongest = ([risk(of: change)].compactMap { $0 } + landed.reversed()).max { $0.weight <= $1.weight }
    if let strongest { change.findings.append(strongest) }
}

/// Whether an expression differs in nothing but blanks inside its braces, or a list of texts only in how it is written.
private func saysTheSame(_ change: FoundChange) -> Bool {
    guard let before = change.beforeNode, let after = change.afterNode else { return false }
    if let old = before.text, let new = after.text, old != new, old.holds("{{"), new.holds("{{") {
        return withoutPadding(old) == withoutPadding(new)
    }
    let (old, new) = (before.elements.compactMap(\.scalar), after.elements.compactMap(\.scalar))
    return !old.isEmpty && old.count == new.count && old.count == before.elements.count
        && new.count == after.elements.count
        && zip(old, new).allSatisfy { x, y in
            x.text == y.text && (x.style == y.style || x.isTemplated && y.isTemplated)
        }
}

/// A text without the blanks just inside of the braces of its expressions.
private func withoutPadding(_ text: String) -> String {
    var text = text
    for (padded, bare) in [("{{ ", "{{"), (" }}", "}}")] {
        while text.holds(padded) { text = text.replacing(padded, with: bare) }
    }
    return text
}

/// F16 to F23, F26, F27, F30 to F32, F35, F36, F38, F41 and F42. Each says what it was and what it is.
private func risk(of change: FoundChange) -> FaultFinding? {
    guard !change.path.isEmpty, !isPackageManifest(change.change.path), !change.path.isOfSchemaProse else {
        return nil
    }
    let field = ChangedField(change)
    let findings = [
        probe(field), memory(field), cpu(field), image(field), capacity(field), timing(field), flag(field),
        address(field), command(field), transport(field), routing(field), scheduling(field),
        privileges(field),
        rollout(field), schedule(field), infrastructure(field), structure(field), secret(field),
        wiring(field),
    ].compactMap { $0 }
    return findings.max { $0.weight < $1.weight }
}

private let packageManifests: Set = [
    "cargo.toml", "package.json", "pyproject.toml", "composer.json", "pipfile", "setup.cfg",
    "tsconfig.json", "pubspec.yaml",
    "deno.json", "bower.json", "project.json", "global.json", "requirements.yml", "gradle.properties",
    "gradle-wrapper.properties", "tox.ini", "lerna.json", "rust-toolchain.toml", ".eslintrc.json",
]

/// Files that say what a program is built from: what they change is code.
func isPackageManifest(_ path: String) -> Bool {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:)) ?? path.startIndex
    // What is longer than all of them needs no look.
    return path.utf8.distance(from: end, to: path.endIndex) <= 32
        && packageManifests.contains(path[end...].lowercased())
}

/// Words that a field may be called by.
struct SoughtWords {
    /// Those of several words, as snake case joins them.
    fileprivate let compounds: [String]
    fileprivate let letters: ByteSet
    /// The words by the byte that they begin with; bytes that differ by 64 are taken for each other.
    private let byLetter: [[String]]
    /// Those of more than four letters, by the byte that they end with.
    private let longByLastLetter: [[String]]

    init(_ words: [String]) {
        compounds = words.filter { $0.contains("_") }
        letters = ByteSet(firstOf: words)
        var (first, last) = ([[String]](repeating: [], count: 64), [[String]](repeating: [], count: 64))
        for word in words {
            first[Int(word.utf8.first ?? 0) & 63].append(word)
            if word.utf8.count > 4 { last[Int(word.utf8.last ?? 0) & 63].append(word) }
        }
        (byLetter, longByLastLetter) = (first, last)
    }

    /// Whether a name's word begins with one of the words.
    func begins(_ word: String) -> Bool {
        guard let byte = word.utf8.first else { return false }
        return byLetter[Int(byte) & 63].contains(where: word.hasPrefix)
    }

    /// Whether a name ends with one of the words of more than four letters.
    func ends(_ name: String) -> Bool {
        guard let byte = name.utf8.last else { return false }
        return longByLastLetter[Int(byte) & 63].contains(where: name.hasSuffix)
    }
}

/// The bytes that some words begin with; bytes that differ by 64 are taken for each other.
private struct ByteSet {
    private var bits: UInt64 = 0

    init(firstOf words: some Sequence<String>) {
        for word in words { if let byte = word.utf8.first { bits |= 1 << UInt64(byte & 63) } }
    }

    func isDisjoint(with other: ByteSet) -> Bool { bits & other.bits == 0 }
}

/// A change with what the detectors ask of it at hand.
private struct ChangedField {
    let names: [String]
    private let spelling: [String]
    /// The words of the last two names, with the bytes that they begin with.
    private let nameWords: [String]
    private let letters: ByteSet
    /// Whether the last two names hold an underscore, as compound words do.
    private let hasCompounds: Bool
    let kind: String
    /// The values themselves: for comparing, not for showing.
    let before: String?
    let after: String?
    /// The values as they may be shown.
    private let shownBefore: String?
    private let shownAfter: String?
    let beforeNode: ConfigNode?
    let afterNode: ConfigNode?

    init(_ change: FoundChange) {
        names = change.path.map { $0.name.lowercased() }
        spelling = change.path.map(\.name)
        nameWords = change.path.suffix(2).flatMap { FaultWords.split($0.name) }
        letters = ByteSet(firstOf: nameWords)
        hasCompounds = names.suffix(2).contains { $0.utf8.contains(UInt8(ascii: "_")) }
        kind = change.change.object?.kind ?? ""
        (shownBefore, shownAfter) = (change.change.before, change.change.after)
        before = change.beforeNode?.text ?? change.change.before
        after = change.afterNode?.text ?? change.change.after
        beforeNode = change.beforeNode
        afterNode = change.afterNode
    }

    var last: String { names.last ?? "" }

    /// A name of the way as it is written.
    func spelled(_ index: Int) -> String { spelling[index] }

    func isBelow(_ words: String...) -> Bool { names.contains { name in words.contains(name) } }

    /// Whether a name of the way has one of the words: `read_timeout_ms`, `readTimeout`.
    func speaks(of wanted: SoughtWords) -> Bool {
        // Letters first: hardly any name begins like one of the words.
        guard !letters.isDisjoint(with: wanted.letters) || hasCompounds else { return false }
        return nameWords.contains(where: wanted.begins)
            || hasCompounds
                && wanted.compounds.contains { word in names.suffix(2).contains { $0.holds(word) } }
    }

    var words: String {
        switch (shownBefore, shownAfter) {
        case (let before?, let after?): "it went from \(shortened(before)) to \(shortened(after))"
        case (let before?, nil): "it is gone (was \(shortened(before)))"
        case (nil, let after?): "it is new: \(shortened(after))"
        case (nil, nil): "it changed"
        }
    }

    /// By how many doublings it grew; `nil` when one side is no positive number.
    var doublings: Double? {
        guard let before, let after, let old = quantity(before), let new = quantity(after), old > 0, new > 0
        else {
            return nil
        }
        return Double.log(new / old) / Double.log(2)
    }
}

extension ChangedField {
    /// The same of sizes as compose files and programs write them: `2g`, `512m`, `200mb`.
    fileprivate var doublingsOfBytes: Double? {
        func bytes(_ text: String) -> Double? {
            let digits = text.prefix { $0.isNumber || $0 == "." }
            guard let number = Double(digits), number > 0 else { return nil }
            let units: [String: Double] = [
                "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9,
            ]
            return units[text.dropFirst(digits.count).lowercased()].map { $0 * number }
        }
        guard let before, let after, let old = bytes(before), let new = bytes(after) else { return nil }
        return Double.log(new / old) / Double.log(2)
    }
}

private func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(57) + "…" : text }

/// F16.
private func probe(_ field: ChangedField) -> FaultFinding? {
    guard let place = field.names.firstIndex(where: { $0.hasSuffix("probe") || $0 == "healthcheck" }) else {
        return nil
    }
    let name = field.names[place]
    if place == field.names.count - 1 {
        if field.after == nil {
            return FaultFinding(
                .probeTightened, weight: name.hasPrefix("readiness") ? 0.6 : 0.3,
                "the \(field.spelled(place)) is gone")
        }
        if field.before == nil {
            return FaultFinding(
                .probeTightened, weight: name.hasPrefix("liveness") ? 0.5 : 0.35,
                "there is a \(field.spelled(place)) now")
        }
    }
    let isStricter = (field.doublings ?? 0) < 0
    let times = [
        "timeoutseconds", "periodseconds", "failurethreshold", "initialdelayseconds", "interval", "timeout",
        "retries", "start_period",
    ]
    if times.contains(field.last) || times.contains(field.last.replacing("_", with: "")) {
        if field.last.hasSuffix("seconds"), let doublings = field.doublings,
            abs(Double.exp2(abs(doublings)) / 1000 - 1) < 0.02
        {
            return FaultFinding(
                .probeTightened, weight: 0.85,
                "the \(field.spelled(place)) counts seconds, and this is a thousand times as many or as few: \(field.words)"
            )
        }
        guard isStricter || field.after == "0" || field.before != nil && field.after == nil else {
            return nil
        }
        return FaultFinding(
            .probeTightened,
            "the \(field.spelled(place)) is stricter: of \(field.spelled(field.names.count - 1)), \(field.words)"
        )
    }
    return FaultFinding(
        .probeTightened, weight: 0.5, "the \(field.spelled(place)) asks elsewhere: \(field.words)")
}

private let wordsOfMemory = SoughtWords(["heap", "xmx"])

/// F17: memory, with slips of the unit: `512M` for `512Mi` is harmless, `512m` is half a byte.
private func memory(_ field: ChangedField) -> FaultFinding? {
    guard
        field.last == "memory" || field.last == "mem_limit" || field.last.hasSuffix("memory")
            || field.speaks(of: wordsOfMemory) || field.last.holds("memory"),
        let after = field.after
    else { return nil }
    if let before = field.before, before.hasSuffix("i"), quantity(before).map({ $0 >= 1024 }) ?? false,
        after.hasSuffix("m"), after.dropLast().allSatisfy(\.isNumber), field.last != "memory"
    {
        return FaultFinding(
            .memoryLowered, weight: 0.9,
            "a cluster reads \(after) as thousandths: a slip of the unit (\(field.words))")
    }
    // Compose files and programs say `m` for a million; to a cluster it is a thousandth.
    let isOfCluster =
        field.last == "memory" && field.isBelow("limits", "requests") && field.names[0] != "services"
        && !field.names[0].hasPrefix("x-")
    if let size = quantity(after), size > 0, size < 1_048_576, isOfCluster || !after.hasSuffix("m"),
        after.hasSuffix("m") || field.before.map({ (quantity($0) ?? 0) >= 1_048_576 }) ?? false
    {
        let amount = size < 1 ? "less than a byte" : "\(Int(size.rounded())) bytes"
        let text = "\(after) is \(amount): a slip of the unit (\(field.words))"
        return isOfCluster && field.isBelow("limits")
            ? FaultFinding(.impossibleMemory, "\(text); no container starts with so little")
            : FaultFinding(.memoryLowered, weight: 0.9, text)
    }
    guard let doublings = field.doublings ?? field.doublingsOfBytes, doublings < 0 else {
        guard field.before == nil, field.isBelow("limits") else { return nil }
        return FaultFinding(.memoryLowered, weight: 0.35, "there is a limit of memory now: \(after)")
    }
    if [1000.0, 1024].contains(where: { abs(Double.exp2(-doublings) / $0 - 1) < 0.001 }) {
        return FaultFinding(
            .memoryLowered, weight: 0.9, "it is a thousandth, as if by a slip of the unit: \(field.words)")
    }
    return FaultFinding(
        .memoryLowered, weight: 0.6 * (0.4 + 0.6 * min(1, -doublings / 2)),
        "there is less memory: \(field.words)")
}

/// F18.
private func cpu(_ field: ChangedField) -> FaultFinding? {
    guard field.last == "cpu" || field.last == "cpus" else { return nil }
    if field.before == nil, field.isBelow("limits") {
        return FaultFinding(.cpuLowered, weight: 0.35, "there is a limit of CPU now: \(field.after ?? "")")
    }
    // From a thousandth of a core it is a correction.
    if let doublings = field.doublings, abs(Double.exp2(abs(doublings)) / 1000 - 1) < 0.02,
        doublings < 0 || field.before.flatMap(quantity).map({ $0 >= 0.01 }) ?? false
    {
        return FaultFinding(
            .cpuLowered, weight: 0.85,
            "it is a thousand times \(doublings < 0 ? "less" : "more"), as if by a slip of the unit: \(field.words)"
        )
    }
    guard let doublings = field.doublings, doublings < 0 else { return nil }
    if doublings <= -3 {
        return FaultFinding(.cpuLowered, weight: 0.6, "there is much less CPU: \(field.words)")
    }
    return FaultFinding(
        .cpuLowered, weight: 0.4 * (0.4 + 0.6 * min(1, -doublings / 2)), "there is less CPU: \(field.words)")
}

/// F19: another image or version of a chart.
private func image(_ field: ChangedField) -> FaultFinding? {
    let isChart =
        field.last == "targetrevision"
        || field.kind == "OCIRepository" && field.isBelow("ref")
            && ["tag", "semver", "digest"].contains(field.last)
        || field.kind == "HelmRelease" && field.names == ["spec", "chart", "spec", "version"]
    let noun = field.last == "targetrevision" ? "revision" : isChart ? "chart" : "image"
    let isImage =
        isChart || field.last == "image"
        || field.isBelow("image", "images")
            && ["tag", "newtag", "repository", "newname", "digest", "name"].contains(field.last)
        || field.kind == "env" && field.last.hasSuffix("_tag")
        || ["imagetag", "image_tag", "imageversion", "image_version"].contains {
            field.last.hasSuffix($0)
        }
    // Of a key that stands twice the new value may count for nothing.
    guard isImage, let after = field.after, after != field.before, field.kind != "Secret" else { return nil }
    guard let before = field.before else {
        return FaultFinding(.imageChanged, weight: 0.2, "the \(noun) is \(after)")
    }
    let (old, new) = (imageParts(before), imageParts(after))
    // A commit and a part of a digest are as fixed as can be.
    let isHash =
        new.tag.isEmpty && after.utf8.count >= 7 && after.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    let isLoose =
        ["latest", "main", "master", "dev", "edge", ""].contains(new.tag) && !after.contains("@") && !isHash
        && !after.holds("{{")
    if isLoose, !["latest", "main", "master", "dev", "edge", ""].contains(old.tag) {
        return FaultFinding(
            .imageChanged, weight: 0.55, "the \(noun) has no fixed version any more: \(after) (was \(before))"
        )
    }
    if old.name != new.name, !isHash, field.last != "tag", field.last != "newtag" {
        return FaultFinding(.imageChanged, weight: 0.6, "it is another \(noun): \(after) (was \(before))")
    }
    if let order = versionOrder(old.tag, new.tag), order > 0 {
        return FaultFinding(.imageChanged, weight: 0.6, "the \(noun) is older: \(after) (was \(before))")
    }
    return FaultFinding(
        .imageChanged, weight: isSmallStep(from: old.tag, to: new.tag) ? smallStep : nil,
        "the \(noun) is \(after) now (was \(before))")
}

/// What a step to a later version of the same major one weighs.
private let smallStep = 0.45

/// Whether a version is a later one of the same major version.
private func isSmallStep(from old: String, to new: String) -> Bool {
    func major(_ text: String) -> Substring {
        (text.hasPrefix("v") ? text.dropFirst() : text[...]).prefix(while: \.isNumber)
    }
    guard let order = versionOrder(old, new), order < 0 else { return false }
    return !major(old).isEmpty && major(old) == major(new)
}

/// The name of an image and its tag, which is empty when it has none; a text that is a version alone is a tag.
func imageParts(_ image: String) -> (name: String, tag: String) {
    let plain = image.split(separator: "@").first.map(String.init) ?? image
    let start = plain.lastIndex(of: "/") ?? plain.startIndex
    guard let colon = plain[start...].lastIndex(of: ":") else {
        return plain.first?.isNumber ?? false
            || plain.hasPrefix("v") && plain.dropFirst().first?.isNumber ?? false
            ? ("", plain) : (plain, "")
    }
    return (String(plain[..<colon]), String(plain[plain.index(after: colon)...]))
}

/// Above 0 when the second version is older; `nil` when they are no versions of numbers.
private func versionOrder(_ a: String, _ b: String) -> Int? {
    func numbers(_ text: String) -> [Int]? {
        let plain = text.hasPrefix("v") ? text.dropFirst() : text[...]
        let parts =
            plain.split(separator: "-")[0..<min(1, plain.split(separator: "-").count)].first?.split(
                separator: ".") ?? []
        let values = parts.map { Int($0) }
        return parts.count >= 2 && values.allSatisfy { $0 != nil } ? values.compactMap { $0 } : nil
    }
    guard let x = numbers(a), let y = numbers(b), x != y else { return nil }
    return y.lexicographicallyPrecedes(x) ? 1 : -1
}

private let namesOfCapacity: Set = [
    "replicas", "maxreplicas", "minreplicas", "replicacount", "desired_count", "min_size", "max_size",
    "desired_capacity", "maxunavailable", "minavailable", "parallelism", "concurrency", "workers",
    "min_replicas", "max_replicas",
]

/// F20.
private func capacity(_ field: ChangedField) -> FaultFinding? {
    guard
        namesOfCapacity.contains(field.last) || field.last.hasSuffix("replicas")
            || field.last.hasSuffix("replica_count")
    else { return nil }
    if field.last == "maxunavailable" || field.last == "minavailable" {
        let what = field.last == "maxunavailable" ? "may be missing" : "must stay"
        return FaultFinding(.capacityLowered, weight: 0.35, "how many pods \(what): \(field.words)")
    }
    // An autoscaler that may go down to none wakes them when they are asked for.
    if field.last == "minreplicas" || field.last == "minreplicacount", field.after == "0" { return nil }
    if field.after == "0" {
        return FaultFinding(.capacityLowered, weight: 0.9, "nothing is left running: \(field.words)")
    }
    guard let doublings = field.doublings, doublings < 0 else {
        guard field.after == nil, field.before != nil else { return nil }
        return FaultFinding(
            .capacityLowered, weight: 0.3, isOfAbsence: true,
            "the number is not set here any more: \(field.words)")
    }
    return FaultFinding(
        .capacityLowered, weight: 0.5 * (0.4 + 0.6 * min(1, -doublings / 2)),
        "there are fewer: \(field.words)")
}

/// The number and the unit, where a unit of time goes and the number stays.
private func unitLost(_ before: String, _ after: String) -> (number: String, unit: String)? {
    guard !after.isEmpty, after.allSatisfy(\.isNumber), before.hasPrefix(after) else { return nil }
    let unit = String(before.dropFirst(after.count))
    return ["ms", "s", "m", "h", "d", "us", "min", "sec"].contains(unit) ? (after, unit) : nil
}

private let wordsOfTiming = SoughtWords([
    "timeout", "deadline", "retry", "retries", "pool", "max_conn", "maxconn", "connections", "ttl",
    "backoff", "keepalive",
    "keep_alive", "rate_limit", "ratelimit", "rps", "qps", "batch", "buffer", "queue_size", "lease",
    "interval", "expir",
])

/// What installs other objects, and how often it looks whether they are as they should be.
private let kindsOfInstallers: Set = [
    "Kustomization", "HelmRelease", "HelmRepository", "GitRepository", "OCIRepository", "Bucket",
    "ImageRepository",
    "ImageUpdateAutomation", "ExternalSecret",
]

/// F21.
private func timing(_ field: ChangedField) -> FaultFinding? {
    guard field.speaks(of: wordsOfTiming),
        !(kindsOfInstallers.contains(field.kind) && field.names.count == 2 && field.names[0] == "spec"),
        !field.names.contains(where: { $0.hasSuffix("probe") || $0 == "healthcheck" })
    else { return nil }
    if let before = field.before, let after = field.after, let (bare, unit) = unitLost(before, after) {
        return FaultFinding(
            .timingChanged, weight: 0.75,
            "\(bare) has no unit where \(bare)\(unit) had one: whoever reads it may take it for another (\(field.words))"
        )
    }
    guard let doublings = field.doublings else {
        guard field.before != nil, field.after == nil else { return nil }
        return FaultFinding(
            .timingChanged, weight: 0.3, isOfAbsence: true, "it is not set here any more: \(field.words)")
    }
    guard doublings != 0 else { return nil }
    let ratio = Double.exp(abs(doublings) * Double.log(2))
    if [60.0, 1000, 3600, 60_000, 1_000_000].contains(where: { abs(ratio / $0 - 1) < 0.02 }) {
        return FaultFinding(
            .timingChanged, weight: 0.85,
            "it is \(Int(ratio.rounded())) times \(doublings < 0 ? "smaller" : "larger"), as if by a slip of the unit: \(field.words)"
        )
    }
    return FaultFinding(.timingChanged, weight: 0.55 * (0.4 + 0.6 * min(1, abs(doublings) / 3)), field.words)
}

private let wordsOfSwitches = SoughtWords([
    "flag", "feature", "enable", "disable", "experiment", "rollout", "use_", "skip_", "toggle",
])

/// F22.
private func flag(_ field: ChangedField) -> FaultFinding? {
    func isSwitch(_ text: String?) -> Bool? {
        guard let text, text.utf8.count <= 8 else { return nil }
        return switch text.lowercased() {
        case "true", "on", "yes", "enabled", "1": true
        case "false", "off", "no", "disabled", "0": false
        default: nil
        }
    }
    let isNamed = field.speaks(of: wordsOfSwitches)
    guard let old = isSwitch(field.before) else {
        guard isNamed, field.before == nil || field.after == nil, isSwitch(field.after ?? field.before) != nil
        else { return nil }
        return FaultFinding(.flagFlipped, weight: 0.3, "a switch: \(field.words)")
    }
    guard let new = isSwitch(field.after), new != old else { return nil }
    return FaultFinding(.flagFlipped, weight: isNamed ? 0.5 : 0.35, "it is \(new ? "on" : "off") now")
}

private let wordsOfAddresses = SoughtWords([
    "host", "url", "uri", "endpoint", "addr", "dsn", "broker", "bootstrap", "upstream", "server",
    "domain", "externalname", "proxy", "origin",
])

/// F23: hosts, addresses, URLs and ports.
private func address(_ field: ChangedField) -> FaultFinding? {
    guard let before = field.before, let after = field.after, before != after, field.last != "image",
        !field.isBelow("labels", "annotations")
    else { return nil }
    // What is computed says where from, not where to, as long as what is written around it stays.
    let isComputed =
        field.kind == "hcl" && field.beforeNode?.scalar?.isTemplated ?? false
        && field.afterNode?.scalar?.isTemplated ?? false
        && (field.afterNode?.scalar?.style == .plain
            || withoutExpressions(before) == withoutExpressions(after))
        || before == after.replacing("$$", with: "$") || after == before.replacing("$$", with: "$")
    let isNamed = field.speaks(of: wordsOfAddresses)
    guard !isComputed, isNamed || !namesFile(before) && !namesFile(after) else { return nil }
    let (old, new) = (address(of: before), address(of: after))
    if let old, let new {
        if old.scheme != new.scheme {
            return FaultFinding(
                .addressChanged, "it is \(new.scheme.isEmpty ? "no URL" : new.scheme) now: \(field.words)")
        }
        if old.host != new.host { return FaultFinding(.addressChanged, "it is another host: \(field.words)") }
        if old.port != new.port { return FaultFinding(.addressChanged, "it is another port: \(field.words)") }
        return FaultFinding(.addressChanged, weight: 0.4, "it is another address: \(field.words)")
    }
    if isNamed {
        return FaultFinding(.addressChanged, weight: 0.5, "where something is found: \(field.words)")
    }
    let isPort = field.last.hasSuffix("port") || field.last.hasSuffix("ports")
    guard isPort, Int(before) != nil, Int(after) != nil else { return nil }
    return FaultFinding(.addressChanged, weight: 0.5, "it is another port: \(field.words)")
}

/// Whether a text is the name of a file rather than of a host, by its ending.
private func namesFile(_ text: String) -> Bool {
    guard !text.holds("://"), let dot = text.lastIndex(of: ".") else { return false }
    return [
        "yaml", "yml", "json", "jar", "tar", "gz", "tgz", "zip", "xml", "conf", "toml", "sh", "py", "log",
        "txt", "tpl", "env", "exists",
    ]
    .contains(text[text.index(after: dot)...].lowercased())
}

private func address(of text: String) -> (scheme: String, host: String, port: String)? {
    // Most values hold neither, and no address is without.
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }) else {
        return nil
    }
    let isURL = text.holds("://")
    guard isURL || mayBeginWithHost(text) else { return nil }
    var rest = text[...]
    var scheme = ""
    if isURL, let separator = text.range(ofText: "://") {
        scheme = String(text[..<separator.lowerBound]).lowercased()
        rest = text[separator.upperBound...]
        if let at = rest.prefix(while: { $0 != "/" }).lastIndex(of: "@") {
            rest = rest[rest.index(after: at)...]
        }
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty,
        host.allSatisfy({ $0.isLetter || $0.isNumber || ".-_{}$".contains($0) })
    else { return nil }
    let labels = host.split(separator: ".")
    // The last label of a name begins with no digit, as that of a version does: `v1.32.0`, `1.4.0-rc1`.
    let isName = labels.count >= 3 && !(labels.last?.first?.isNumber ?? true)
    let looksLikeHost =
        !scheme.isEmpty || isName
        || host.split(separator: ".").count == 4 && host.allSatisfy { $0.isNumber || $0 == "." }
        || parts.count == 2 && Int(parts[1]) != nil
    guard looksLikeHost, Double(host) == nil else { return nil }
    return (scheme, host.lowercased(), parts.count > 1 ? String(parts[1]) : "")
}

/// Whether what stands before the first colon, slash or question mark has the characters of a host, as far as single bytes tell.
private func mayBeginWithHost(_ text: String) -> Bool {
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "?"): return true
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: break
        default: guard ".-_{}$".utf8.contains(byte) else { return false }
        }
    }
    return true
}

extension String {
    /// Where a text first stands.
    fileprivate func range(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// F26.
private func command(_ field: ChangedField) -> FaultFinding? {
    guard field.isBelow("command", "args", "entrypoint", "cmd", "script", "run") else { return nil }
    guard !field.names.contains(where: { $0.hasSuffix("probe") || $0 == "healthcheck" || $0 == "build" })
    else { return nil }
    // Another number of threads is no other program.
    let isOfNumbers =
        field.before.flatMap { before in
            field.after.map { before.filter { !$0.isNumber } == $0.filter { !$0.isNumber } }
        } ?? false
    return FaultFinding(.commandChanged, weight: isOfNumbers ? 0.4 : nil, "what is run: \(field.words)")
}

private let wordsOfTransport = [
    "tls", "ssl", "cert", "cabundle", "ca_file", "cafile", "insecure", "cipher", "verify", "keystore",
    "truststore", "issuer",
]

/// F27.
private func transport(_ field: ChangedField) -> FaultFinding? {
    guard
        field.names.suffix(3).contains(where: { name in
            // `ttlSecondsAfterFinished` holds one too.
            wordsOfTransport.contains { name.holds($0) && !($0 == "tls" && name.holds("ttls")) }
        }),
        !["version", "targetrevision", "tag"].contains(field.last),
        // Who issues tokens is no certificate.
        !field.names.suffix(3).contains(where: { $0.holds("jwt") || $0.holds("token") || $0.holds("oidc") }),
        // Where a module comes from is a version; what is encrypted may be anything.
        !(field.last == "source" && field.names.first == "module"),
        !(field.after?.hasPrefix("ENC[") ?? false)
    else {
        return nil
    }
    let old = ["TLSv1", "TLSv1.0", "TLSv1.1", "SSLv3"]
    let isOfRefusal = field.names.suffix(2).contains { name in
        ["disab", "exclu", "deny", "min"].contains(where: name.holds)
    }
    if !isOfRefusal, let after = field.after, let before = field.before {
        let spoken = { (text: String) in Set(text.split { " ,;".contains($0) }.map(String.init)) }
        if let weak = old.first(where: { spoken(after).contains($0) && !spoken(before).contains($0) }) {
            return FaultFinding(
                .transportSecurity, weight: 0.7, "\(weak) is spoken, which many refuse: \(field.words)")
        }
    }
    return FaultFinding(
        .transportSecurity, weight: field.before == nil ? 0.3 : nil, "certificates: \(field.words)")
}

private let kindsOfRouting: Set = [
    "Ingress", "HTTPRoute", "VirtualService", "IngressRoute", "Gateway", "DestinationRule", "GRPCRoute",
    "TCPRoute",
]

/// F30.
private func routing(_ field: ChangedField) -> FaultFinding? {
    if kindsOfRouting.contains(field.kind), field.names.first == "spec" {
        return FaultFinding(
            .routingChanged, weight: field.before == nil ? 0.35 : nil,
            "a rule of the \(field.kind): \(field.words)")
    }
    guard field.isBelow("annotations") else { return nil }
    let keys =
        [field.last]
        + [field.beforeNode, field.afterNode].compactMap { $0 }.flatMap { $0.entries.map(\.key) }
    let telling = ["ingress", "rewrite", "traefik", "nginx", "alb.", "proxy-", "backend"]
    guard keys.contains(where: { key in telling.contains(where: key.contains) }) else { return nil }
    return FaultFinding(.routingChanged, weight: 0.55, "how requests are routed: \(field.words)")
}

/// F31.
private func scheduling(_ field: ChangedField) -> FaultFinding? {
    guard
        field.isBelow(
            "nodeselector", "affinity", "tolerations", "priorityclassname", "topologyspreadconstraints",
            "nodename", "runtimeclassname", "schedulername")
    else { return nil }
    return FaultFinding(
        .schedulingChanged, weight: field.before == nil ? 0.4 : field.after == nil ? nil : 0.6,
        "where pods may run: \(field.words)")
}

/// F32.
private func privileges(_ field: ChangedField) -> FaultFinding? {
    guard
        field.isBelow(
            "securitycontext", "capabilities", "cap_drop", "read_only", "user", "hostnetwork", "hostpid")
    else { return nil }
    // Of a service of a compose file; elsewhere a user is somebody who signs in.
    let isOfService = field.names.first == "services" && field.names.count == 3
    guard field.last != "user" || field.isBelow("securitycontext") || isOfService else { return nil }
    guard field.last != "read_only" || field.names.first == "services" else { return nil }
    let isLooser = ["privileged", "hostnetwork", "hostpid"].contains(field.last) && field.after == "true"
    return FaultFinding(
        .privilegesReduced, weight: isLooser ? 0.3 : nil, "what it may do on its node: \(field.words)")
}

/// F35.
private func rollout(_ field: ChangedField) -> FaultFinding? {
    guard
        field.isBelow(
            "strategy", "updatestrategy", "terminationgraceperiodseconds", "lifecycle", "prestop",
            "minreadyseconds", "progressdeadlineseconds", "stop_grace_period")
    else { return nil }
    let weight: Double? =
        switch field.last {
        // Fewer seconds than the program needs cut its work off.
        case "terminationgraceperiodseconds", "stop_grace_period":
            field.doublings.map { $0 <= -1 ? 0.65 : 0.3 }
        case "prestop", "lifecycle": field.after == nil ? 0.6 : nil
        case "maxunavailable": field.after == "100%" ? 0.7 : nil
        // More at once are only more.
        case "maxsurge": (field.doublings ?? -1) > 0 ? 0.15 : nil
        default: nil
        }
    return FaultFinding(
        .rolloutChanged, weight: field.before == nil ? 0.25 : weight,
        "how pods are replaced and stopped: \(field.words)")
}

/// F37: how services of a compose file are wired.
private func wiring(_ field: ChangedField) -> FaultFinding? {
    guard field.kind == "yaml", field.names.first == "services", let place = field.names.dropFirst(2).first
    else { return nil }
    switch place {
    case "ports", "expose", "network_mode", "networks", "links":
        return FaultFinding(.addressChanged, weight: 0.5, "where the service is found: \(field.words)")
    case "volumes":
        var finding = FaultFinding(.lostMount, weight: 0.6, "what is mounted: \(field.words)")
        finding.isOfMissing = true
        return finding
    case "depends_on", "restart":
        return FaultFinding(.rolloutChanged, weight: 0.4, "when the service starts: \(field.words)")
    case "env_file":
        return FaultFinding(.addressChanged, weight: 0.5, "where its variables come from: \(field.words)")
    default: return nil
    }
}

/// F42.
private func schedule(_ field: ChangedField) -> FaultFinding? {
    guard
        [
            "schedule", "cron", "timezone", "concurrencypolicy", "suspend", "startingdeadlineseconds",
            "backofflimit", "activedeadlineseconds", "schedule_expression",
        ].contains(field.last), field.before != nil
    else { return nil }
    if let before = field.before, let after = field.after, let slip = slipOfTime(from: before, to: after) {
        return FaultFinding(.scheduleChanged, weight: 0.75, "\(slip): \(field.words)")
    }
    return FaultFinding(.scheduleChanged, "when it runs: \(field.words)")
}

/// What a cron expression has come to mean that is hardly ever meant: every minute of an hour, or once where it was every few
/// minutes.
private func slipOfTime(from before: String, to after: String) -> String? {
    let (old, new) = (before.split(separator: " "), after.split(separator: " "))
    guard old.count == 5, new.count == 5 else { return nil }
    if new[0] == "*", old[0] != "*", new[1] != "*" { return "it runs in every minute of such an hour" }
    if old[0].hasPrefix("*/"), Int(new[0]) != nil, old[1] == "*", new[1] == "*" {
        return "it runs once an hour where it ran every \(old[0].dropFirst(2)) minutes"
    }
    return nil
}

/// What protects data or keeps strangers out, with the value that gives it up.
private let protections: [String: String] = [
    "force_destroy": "true", "deletion_protection": "false", "publicly_accessible": "true",
    "multi_az": "false", "skip_final_snapshot": "true", "prevent_destroy": "false", "encrypted": "false",
    "storage_encrypted": "false",
]

/// Texts in quotes that an expression lists.
private func quotedWords(_ text: String) -> Set<Substring> {
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    return Set(parts.enumerated().filter { $0.offset % 2 == 1 }.map(\.element))
}

/// F36: what Terraform takes away or makes smaller.
private func infrastructure(_ field: ChangedField) -> FaultFinding? {
    guard field.kind == "hcl" else { return nil }
    if let given = protections[field.last], field.after == given, field.before != given {
        return FaultFinding(.infrastructure, weight: 0.7, "a protection is given up: \(field.words)")
    }
    if field.last == "deployment_minimum_healthy_percent" || field.last == "deregistration_delay",
        field.after == "0"
    {
        return FaultFinding(
            .infrastructure, weight: 0.65, "nothing is waited for when it is replaced: \(field.words)")
    }
    if field.last == "for_each", let before = field.before, let after = field.after {
        let lost = quotedWords(before).subtracting(quotedWords(after))
        if before.hasPrefix("toset(["), after.hasPrefix("toset(["), let first = lost.min(),
            quotedWords(after).isStrictSubset(of: quotedWords(before))
        {
            return FaultFinding(
                .infrastructure, weight: 0.7, "what is made for \(first) goes: \(field.words)")
        }
    }
    if ["cidr_blocks", "ipv6_cidr_blocks"].contains(field.last), field.after == "[]", field.before != nil {
        return FaultFinding(.infrastructure, weight: 0.7, "nobody is let through any more: \(field.words)")
    }
    let telling: Set = [
        "count", "for_each", "instance_type", "instance_class", "ingress", "egress", "cidr_blocks",
        "force_destroy", "prevent_destroy", "policy", "allocated_storage", "node_type", "machine_type",
        "size", "from_port", "to_port", "source_security_group_id", "deletion_protection", "engine_version",
    ]
    guard field.names.contains(where: telling.contains) || field.after == nil && field.isBelow("resource")
    else { return nil }
    // More room breaks nothing by itself.
    let isRoom = ["allocated_storage", "size", "count"].contains(field.last) && (field.doublings ?? 0) > 0
    return FaultFinding(.infrastructure, weight: isRoom ? 0.2 : nil, field.words)
}

/// F38: a list that became a scalar, a section that became a value.
private func structure(_ field: ChangedField) -> FaultFinding? {
    guard let before = field.beforeNode, let after = field.afterNode, !before.isNull, !after.isNull else {
        return nil
    }
    func form(_ node: ConfigNode) -> String {
        switch node.kind {
        case .scalar: "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        }
    }
    guard form(before) != form(after), before.scalar?.isTemplated != true, after.scalar?.isTemplated != true
    else { return nil }
    return FaultFinding(.structureMoved, "it was \(form(before)) and is \(form(after)) now")
}

/// F41: another secret, never shown.
private func secret(_ field: ChangedField) -> FaultFinding? {
    guard let before = field.beforeNode?.text, let after = field.afterNode?.text, before != after,
        // What a template has there says nothing of the secret.
        field.beforeNode?.scalar?.isTemplated != true, field.afterNode?.scalar?.isTemplated != true,
        maskedIfSecret(before, name: field.names.last ?? "") != before
            || field.kind == "Secret" && field.isBelow("data", "stringdata")
    else { return nil }
    return FaultFinding(
        .secretChanged,
        "it is another secret now (its length \(before.count == after.count ? "is the same" : "differs"))")
}

/// Names taken apart.
enum FaultWords {
    /// The words of a name in lower case: `readTimeout_ms` is `read`, `timeout` and `ms`.
    static func split(_ name: String) -> [String] {
        guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return splitCharacters(name) }
        var words: [String] = []
        var word: [UInt8] = []
        var wasLower = false
        func close() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word.removeAll(keepingCapacity: true)
        }
        for byte in name.utf8 {
            let isUpper = (0x41...0x5A).contains(byte)
            let isLower = (0x61...0x7A).contains(byte)
            guard isUpper || isLower || (0x30...0x39).contains(byte) else {
                close()
                wasLower = false
                continue
            }
            if isUpper, wasLower { close() }
            word.append(isUpper ? byte | 0x20 : byte)
            wasLower = isLower
        }
        close()
        return words
    }

    /// The same for letters of any script.
    private static func splitCharacters(_ name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var wasLower = false
        for character in name {
            guard character.isLetter || character.isNumber else {
                if !word.isEmpty { words.append(word) }
                (word, wasLower) = ("", false)
                continue
            }
            if character.isUppercase, wasLower {
                words.append(word)
                word = ""
            }
            word += character.lowercased()
            wasLower = character.isLowercase
        }
        return word.isEmpty ? words : words + [word]
    }
}
