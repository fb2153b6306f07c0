import DeployModel

/// One deploy as its source tells it, in the form that all formats are brought to.
struct DeployRecord {
    /// Its number in the file, from 1, and the line it begins on.
    var index: Int
    var line: Int
    /// What the source calls it.
    var id: String?
    /// What names its commit, the surest first: full and short ids, tags, versions, tags of images.
    private(set) var references: [String] = []
    var title: String?
    var author: String?
    var environment: String?
    var service: String?
    private(set) var start: RecordTime?
    private(set) var finish: RecordTime?
    /// Whether a time was there that could not be read.
    private(set) var hasUnreadTime = false
    var status = RecordStatus.deployed
    var isRollback = false

    init(index: Int, line: Int) {
        self.index = index
        self.line = line
    }

    /// A record of a format that numbers its records later.
    init(line: Int) { self.init(index: 0, line: line) }
}

// MARK: Filling in

extension DeployRecord {
    /// Sets when it began; a text that is no time is remembered as such.
    mutating func began(_ text: String?) { start = read(text) ?? start }

    /// Sets when it was done.
    mutating func ended(_ text: String?) { finish = read(text) ?? finish }

    /// Sets when it began to a time that was read already.
    mutating func began(at time: RecordTime?) { start = time ?? start }

    /// Sets when it was done to a time that was read already.
    mutating func ended(at time: RecordTime?) { finish = time ?? finish }

    private mutating func read(_ text: String?) -> RecordTime? {
        guard let text, !text.isEmpty else { return nil }
        let time = RecordTime(text)
        if time == nil { hasUnreadTime = true }
        return time
    }

    /// Takes times that name no zone for those of a zone.
    mutating func assume(offsetSeconds: Int) {
        start = start?.shifted(byOffsetSeconds: offsetSeconds)
        finish = finish?.shifted(byOffsetSeconds: offsetSeconds)
    }

    /// Adds what may name the commit, behind what is there.
    mutating func refer(to names: [String?]) {
        for case let name? in names where !name.isEmpty && !references.contains(name) {
            references.append(name)
        }
    }

    /// Adds one name of the commit.
    mutating func refer(to name: String?) { refer(to: [name]) }
}

// MARK: What it says

extension DeployRecord {
    /// The commit, where a full id says so and no other one says else.
    var commit: CommitID? {
        let ids = Set(references.compactMap { CommitID($0) })
        return ids.count == 1 ? ids.first : nil
    }

    /// When it began and was done; `nil` when neither is known. A finish alone is the only moment known, and so
    /// the start as well.
    var times: (start: Instant, finish: Instant?)? {
        guard let begun = (start ?? finish)?.instant else { return nil }
        let end = finish?.instant
        return (begun, end.map { $0 >= begun } ?? false ? end : nil)
    }

    /// Whether one of its times names no zone.
    var assumesZone: Bool { start?.assumesZone ?? false || finish?.assumesZone ?? false }

    /// What it is called until ids are made unique.
    var identity: String {
        id ?? commit?.hex ?? references.first ?? times?.start.description ?? ""
    }

    /// The deploy; `nil` without a time.
    func deploy(id: String) -> Deploy? {
        guard let times else { return nil }
        let firstLine = title?.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return Deploy(
            id: id, commit: commit, startedAt: times.start, finishedAt: times.finish,
            title: firstLine.trimmed,
            author: author ?? "", environment: environment, service: service, source: .record,
            isRollback: isRollback)
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        let head = drop(while: \.isWhitespace)
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }
}
