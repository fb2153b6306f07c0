/// A value of an event's field.
public enum FieldValue: Sendable, Hashable, Codable {
    /// Text.
    case string(String)
    /// A number; whole numbers beyond 2^53 are kept as text.
    case number(Double)
    /// True or false.
    case bool(Bool)

    /// The value as a person would type it.
    public var text: String {
        switch self {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number):
            number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
        }
    }
}

extension FieldValue: Comparable {
    /// Booleans, then numbers, then text: an order that is the same in every run.
    public static func < (a: FieldValue, b: FieldValue) -> Bool {
        switch (a, b) {
        case (.bool(let a), .bool(let b)): !a && b
        case (.number(let a), .number(let b)): a < b
        case (.string(let a), .string(let b)): a < b
        case (.bool, _): true
        case (_, .bool): false
        case (.number, _): true
        case (_, .number): false
        }
    }
}

/// Events as columns, dictionary-encoded: what attribution reads.
///
/// A row stands for ``weights`` events. A pre-aggregated row of the input becomes up to two rows here, one for
/// its failing and one for its other events. When there are more events than the statistics can use, the table
/// is a sample, its weights corrected, and ``sampledFrom`` says of how many.
public struct EventTable: Sendable, Equatable {
    /// One field of all rows.
    public struct Column: Sendable, Equatable {
        /// The field's name as it stands in the events, dots for nesting.
        public var name: String
        /// The distinct values, in order of first appearance.
        public var values: [FieldValue]
        /// For each row an index into ``values``, or −1 where the row has no such field.
        public var codes: [Int32]
        /// The distinct elements of the values that are arrays, by their index in ``values``, where each is the text of its JSON.
        public var elements: [Int32: [FieldValue]]

        /// A column.
        public init(
            name: String, values: [FieldValue], codes: [Int32], elements: [Int32: [FieldValue]] = [:]
        ) {
            self.name = name
            self.values = values
            self.codes = codes
            self.elements = elements
        }
    }

    /// The time of each row.
    public var times: [Instant]
    /// Whether each row failed.
    public var failing: [Bool]
    /// How many events each row stands for.
    public var weights: [Double]
    /// The fields, sorted by name.
    public var columns: [Column]
    /// The names of the columns that play a role (pod, workload, message, version, …), where they were recognised.
    public var roles: [FieldRole: String]
    /// The weight of all events that the table was drawn from, when it is a sample.
    public var sampledFrom: Double?
    /// How many fields there were for which there was no room.
    public var fieldsLeftOut = 0

    /// An event table; every column has as many rows as `times`.
    public init(
        times: [Instant], failing: [Bool], weights: [Double], columns: [Column],
        roles: [FieldRole: String] = [:],
        sampledFrom: Double? = nil
    ) {
        precondition(
            failing.count == times.count && weights.count == times.count
                && columns.allSatisfy { $0.codes.count == times.count },
            "every column has as many rows as times")
        self.times = times
        self.failing = failing
        self.weights = weights
        self.columns = columns
        self.roles = roles
        self.sampledFrom = sampledFrom
    }

    /// How many rows.
    public var count: Int { times.count }

    /// What the reader of an answer about these events must know.
    public var warnings: [Warning] {
        guard fieldsLeftOut > 0 else { return [] }
        return [
            Warning(
                code: "fields_left_out",
                text:
                    "The events have more fields than are compared: \(fieldsLeftOut) \(fieldsLeftOut == 1 ? "was" : "were") left out.",
                remedy:
                    "export only the fields that may matter: what sets failing events apart may be among the others"
            )
        ]
    }

    /// The column of a name.
    public func column(_ name: String) -> Column? { columns.first { $0.name == name } }
}

/// What a field is for, as `--map ROLE=FIELD` names it.
public enum FieldRole: String, Sendable, Hashable, Codable, CaseIterable {
    /// When the event happened.
    case time
    /// Whether it failed: a flag, a status, a level.
    case error
    /// Pre-aggregated rows: how many failed.
    case errors
    /// Pre-aggregated rows: how many did not fail.
    case successes
    /// Pre-aggregated rows: how many there were, failing ones included.
    case count
    /// Pre-aggregated rows: kinds of error with their counts, `kind:n;kind:n`.
    case errorKinds = "error_kinds"
    /// How many events a sampled event stands for.
    case weight
    /// The workload that served it.
    case workload
    /// The pod that served it.
    case pod
    /// The text of the failure.
    case message
    /// The version that served it.
    case version
    /// How long it took.
    case duration
}
