import DeployModel
import Parallel

/// Which field plays which role in each source.
///
/// An access log and an export of traces call things differently, so that roles are chosen for each kind of source by itself.
/// Sources of one kind share them: how an export is cut into files does not matter.
struct SourceRoles: Sendable {
    /// Sources of one kind.
    struct Kind: Sendable {
        /// The numbers of its sources.
        var sources: [Int]
        var roles: RoleAssignment
    }

    private(set) var kinds: [Kind]
    /// For each source the number of its kind.
    private(set) var kindOfSource: [Int]

    subscript(source: Int) -> RoleAssignment { kinds[kindOfSource[source]].roles }

    /// The roles of the only source.
    init(_ roles: RoleAssignment) {
        kinds = [Kind(sources: [0], roles: roles)]
        kindOfSource = [0]
    }

    /// The roles of these sources, and of others behind them.
    func followed(by other: SourceRoles) -> SourceRoles {
        var all = self
        let (kindCount, sourceCount) = (kinds.count, kindOfSource.count)
        all.kinds += other.kinds.map { kind in
            Kind(sources: kind.sources.map { $0 + sourceCount }, roles: kind.roles)
        }
        all.kindOfSource += other.kindOfSource.map { $0 + kindCount }
        return all
    }

    /// Looks at the first records of every source to choose.
    init(_ sources: EventSources, options: IngestOptions) throws {
        let surveyed = try surveys(of: sources, options: options)
        let names = sources.sources.map(\.name)
        let groups = grouped(surveyed.map(\.survey))
        guard !groups.isEmpty else {
            guard let full = surveyed.firstIndex(where: { $0.emptiness == nil }) else {
                throw surveyed.lazy.compactMap(\.emptiness).first
                    ?? IngestError(.empty, "there is nothing to read")
            }
            throw IngestError(
                .nothingReadable, "there is not one event in it", at: names[full],
                remedy: surveyed.lazy.compactMap(\.firstReason).first.map {
                    "the first line that could not be read: \($0)"
                } ?? "check the export: it should hold one event a line")
        }
        try requireMapped(options, in: groups.map(\.survey), source: names.first ?? "")
        var failures: [(group: Group, error: IngestError)] = []
        kinds = []
        for group in groups {
            do throws(IngestError) {
                let roles = try RoleAssignment(
                    group.survey, options: options.applying(to: group.survey), source: names[group.sources[0]]
                )
                kinds.append(Kind(sources: group.sources, roles: roles))
            } catch {
                failures.append((group, error))
            }
        }
        // A file of what went well need not say so, where the file beside it says what failed.
        for (group, error) in failures {
            guard error.code == .missingRole,
                let kind = kinds.firstIndex(where: { $0.roles.tellsTime(of: group.survey) })
            else { throw error }
            kinds[kind].sources += group.sources
        }
        // A source without one record has nothing to be told by.
        kindOfSource = names.map { _ in 0 }
        for (number, kind) in kinds.enumerated() {
            for source in kind.sources { kindOfSource[source] = number }
        }
    }
}

extension RoleAssignment {
    /// Whether most of the records have their time where these roles look for it.
    fileprivate func tellsTime(of survey: FieldSurvey) -> Bool {
        guard let name = fields[.time], let field = survey.field(name) else { return false }
        return field.timeFormat == timeFormat && field.count * 10 >= survey.records * 9
    }
}

extension IngestOptions {
    /// The options without the fields that such records do not have: they are meant for other sources.
    fileprivate func applying(to survey: FieldSurvey) -> IngestOptions {
        var options = self
        options.roleFields = roleFields.filter { survey.field($0.value) != nil }
        // Half of a pair of counts says nothing.
        let counts: Set<FieldRole> = [.errors, .successes, .count]
        let asked = Set(roleFields.keys).intersection(counts)
        if asked.contains(where: { options.roleFields[$0] == nil }) {
            options.roleFields = options.roleFields.filter { !counts.contains($0.key) }
        }
        return options
    }
}

/// A field that `--map` names must be in some source.
func requireMapped(
    _ options: IngestOptions, in surveys: [FieldSurvey], source: String
) throws(IngestError) {
    var all = FieldSurvey(offsetSeconds: options.offsetSeconds)
    for survey in surveys { all.merge(survey) }
    for (role, name) in options.roleFields.sorted(by: { $0.key.rawValue < $1.key.rawValue })
    where all.field(name) == nil {
        throw IngestError(
            .missingRole, "no event has a field '\(name)', which --map gives the role \(role.rawValue)",
            at: source,
            remedy: nearest(to: name, among: all.names).map {
                "did you mean --map \(role.rawValue)=\($0)?"
            } ?? seenFields(all), about: .role(role))
    }
}

// MARK: Kinds of sources

/// Sources whose records look alike, with what was seen of all of them.
private struct Group {
    var sources: [Int]
    var survey: FieldSurvey
    /// What was seen of the first one.
    var first: FieldSurvey
}

/// Puts sources together whose records look alike; those without records are in no group.
private func grouped(_ surveys: [FieldSurvey]) -> [Group] {
    var groups: [Group] = []
    for (source, survey) in surveys.enumerated() where survey.records > 0 {
        if let group = groups.firstIndex(where: { $0.first.looksLike(survey) }) {
            groups[group].sources.append(source)
            groups[group].survey.merge(survey)
        } else {
            groups.append(Group(sources: [source], survey: survey, first: survey))
        }
    }
    return groups
}

extension FieldSurvey {
    /// The fields that nearly every record has.
    private var core: Set<String> {
        Set(fields.lazy.filter { $0.count * 10 >= records * 9 }.map(\.name))
    }

    /// Whether other records are of the same kind: at least half of the fields that nearly every record has are the same, or each
    /// side knows the fields of the other, as parts of a log of several kinds of events do.
    fileprivate func looksLike(_ other: FieldSurvey) -> Bool {
        let (own, others) = (core, other.core)
        if own.intersection(others).count * 2 >= own.union(others).count { return true }
        return own.allSatisfy { other.field($0) != nil } && others.allSatisfy { field($0) != nil }
    }
}

// MARK: Looking at the first records

/// What the first records of a source say.
private struct SurveyedSource: Sendable {
    var survey: FieldSurvey
    var firstReason: String?
    /// What is said of a source that holds nothing at all.
    var emptiness: IngestError?
}

private func surveys(of sources: EventSources, options: IngestOptions) throws -> [SurveyedSource] {
    let all = sources.sources
    // However many files there are, looking at them costs little beside reading them.
    let limit = min(FieldSurvey.wanted, max(50, 20 * FieldSurvey.wanted / max(all.count, 1)))
    return try concurrentMap(all, workers: options.jobs) { source in
        func survey(isOnlyHead: Bool) throws -> (found: SurveyedSource, isEnough: Bool) {
            var surveying = Surveying(source.name, limit: limit, offsetSeconds: options.offsetSeconds)
            var isEnough = false
            do {
                _ = try source.read(
                    surveying.wanted, options: options, isOnlyHead: isOnlyHead, into: &surveying)
            } catch is Surveying.Enough {
                isEnough = true
            } catch let error as IngestError where error.code == .empty {
                return (SurveyedSource(survey: surveying.survey, emptiness: error), !isOnlyHead)
            }
            return (
                SurveyedSource(survey: surveying.survey, firstReason: surveying.firstReason), isEnough
            )
        }
        guard source.live != nil else { return try survey(isOnlyHead: false).found }
        // Of a stream the first bytes are mostly enough; where they are not, or end in the middle of a document, it is read and
        // kept first. What is really wrong with it shows again then.
        if let head = try? survey(isOnlyHead: true), head.isEnough { return head.found }
        return try survey(isOnlyHead: false).found
    }
}

/// Looks at records until there are enough.
struct Surveying: RecordSink {
    struct Enough: Error {}

    let wanted = WantedFields(upTo: FieldSurvey.fieldLimit)
    private(set) var survey: FieldSurvey
    private(set) var firstReason: String?
    private let source: String
    private let limit: Int

    init(_ source: String, limit: Int, offsetSeconds: Int?) {
        self.source = source
        self.limit = limit
        survey = FieldSurvey(offsetSeconds: offsetSeconds)
    }

    mutating func accept(_ record: Record, line: Int) throws {
        survey.add(record, names: wanted.names)
        if survey.records == limit { throw Enough() }
    }

    mutating func reject(line: Int, reason: String) {
        firstReason = firstReason ?? "\(source):\(line): \(reason)"
    }
}
