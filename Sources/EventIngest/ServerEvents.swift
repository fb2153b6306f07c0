package import DeployModel

extension RoleAssignment {
    /// Chooses roles by what a server shows of its first rows, as they are chosen by the first records of a file.
    ///
    /// - Parameters:
    ///   - rows: the cells of each row.
    ///   - columns: the names of the columns.
    ///   - times: the columns whose types say that they hold times, with the types; their cells are milliseconds since 1970.
    ///   - source: what errors name as the place.
    package init(
        ofRows rows: [[JSONNode]], columns: [String], times: [String: String], options: IngestOptions,
        source: String
    ) throws {
        var surveying = Surveying(
            source, limit: FieldSurvey.wanted, offsetSeconds: options.offsetSeconds)
        var records = try JSONLines(surveying.wanted)
        for (index, row) in rows.prefix(FieldSurvey.wanted).enumerated() {
            var bytes: [UInt8] = []
            // Columns that are empty so far are there all the same.
            JSONNode.object(zip(columns, row).map { JSONNode.Member(key: $0, value: $1) }).write(to: &bytes)
            let length = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: JSONRecordParser.padding))
            var line = index + 1
            do {
                try bytes.withUnsafeBytes {
                    try records.read(
                        UnsafeRawBufferPointer(rebasing: $0[..<length]), line: &line, into: &surveying)
                }
            } catch is Surveying.Enough {}
        }
        guard surveying.survey.records > 0 else {
            throw IngestError(
                .empty, "there is not one event in it", at: source,
                remedy: surveying.firstReason ?? "check the name of the table")
        }
        try requireMapped(options, in: [surveying.survey], source: source)
        try self.init(surveying.survey, options: options, source: source)
        if let type = fields[.time].flatMap({ times[$0] }) {
            timeFormat = .typed(type)
            assumptions = sentences(options: options)
        }
        guard let missing = expression?.requiredFields.first(where: { !columns.contains($0) }) else { return }
        throw IngestError(
            .missingRole, "no event has a field '\(missing)', which the expression speaks of", at: source,
            remedy: "check its name; these are the columns: \(columns.prefix(30).joined(separator: ", "))",
            about: .expression)
    }
}

extension EventSummary {
    /// What a server counted; its events cannot be read again here.
    package init(
        inputs: [InputSummary], span: TimeWindow?, series: [Series], rollouts: [ObservedRollout],
        roles: RoleAssignment, warnings: [Warning]
    ) {
        self.init(
            inputs: inputs, span: span, series: series, rollouts: rollouts, sourceRoles: SourceRoles(roles),
            rejected: [],
            warnings: warnings, plans: [], shapes: [], blocks: [], addresses: nil, spool: nil,
            minutes: BucketCounts())
    }
}

extension EventTable {
    /// The fields that carry only time and counts, and are no fields to compare.
    package static func countingFields(_ roles: [FieldRole: String]) -> Set<String> {
        let counts: Set<FieldRole> = [.time, .errors, .successes, .count, .errorKinds, .weight]
        return Set(roles.filter { counts.contains($0.key) }.values)
    }
}

extension FieldValue {
    /// A number as tables keep it, by its digits: whole numbers beyond 2^53 stay text, because a double would change them.
    package init(digits: String) {
        let number = Double(digits) ?? .nan
        self = abs(number) <= EventReading.largestCount ? .number(number) : .string(digits)
    }
}
