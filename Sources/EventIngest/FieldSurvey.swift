import DeployModel

/// What the first records say about their fields: the ground on which roles are chosen.
struct FieldSurvey {
    struct Field {
        var name: String
        var count = 0
        var numbers = 0
        var booleans = 0
        var truthy = 0
        /// Numbers other than 0 and 1.
        var beyondFlag = 0
        /// Numbers from 100 to 599.
        var statuses = 0
        var times: [TimeFormat: Int] = [:]
        /// Distinct texts, up to a handful.
        var texts: Set<String> = []

        /// The way most of its values are written as times, if most are.
        var timeFormat: TimeFormat? {
            let most = times.max { ($0.value, $1.key.words) < ($1.value, $0.key.words) }
            return most.flatMap { $0.value * 10 >= count * 9 ? $0.key : nil }
        }

        var isNumeric: Bool { count > 0 && numbers == count }
    }

    private(set) var fields: [Field] = []
    private var index: [String: Int] = [:]
    private(set) var records = 0
    let offsetSeconds: Int?
    static let wanted = 1000
    /// How many fields are looked at.
    static let fieldLimit = 2000

    init(offsetSeconds: Int?) { self.offsetSeconds = offsetSeconds }

    var names: [String] { fields.map(\.name) }

    func field(_ name: String) -> Field? { index[name].map { fields[$0] } }

    /// - Parameter names: the name of the field at each place.
    mutating func add(_ record: Record, names: [String]) {
        records += 1
        while fields.count < names.count {
            index[names[fields.count]] = fields.count
            fields.append(Field(name: names[fields.count]))
        }
        for position in names.indices {
            let field = record[position]
            // A column that is empty so far is there all the same: errors may begin later.
            guard field.isPresent else { continue }
            fields[position].count += 1
            if isTruthy(field) { fields[position].truthy += 1 }
            if field.kind == .bool { fields[position].booleans += 1 }
            if field.kind != .bool, let number = EventReading.number(field) {
                fields[position].numbers += 1
                if number != 0, number != 1 { fields[position].beyondFlag += 1 }
                if (100..<600).contains(number) { fields[position].statuses += 1 }
            } else if fields[position].texts.count < 16, field.kind == .string, field.text.count < 64 {
                fields[position].texts.insert(field.string)
            }
            if let format = TimeFormat(field, offsetSeconds: offsetSeconds) {
                fields[position].times[format, default: 0] += 1
            }
        }
    }

    /// Adds what was seen of other records.
    mutating func merge(_ other: FieldSurvey) {
        records += other.records
        for field in other.fields {
            guard let position = index[field.name] else {
                index[field.name] = fields.count
                fields.append(field)
                continue
            }
            fields[position].merge(field)
        }
    }
}

extension FieldSurvey.Field {
    fileprivate mutating func merge(_ other: Self) {
        count += other.count
        numbers += other.numbers
        booleans += other.booleans
        truthy += other.truthy
        beyondFlag += other.beyondFlag
        statuses += other.statuses
        times.merge(other.times, uniquingKeysWith: +)
        texts.formUnion(other.texts)
    }
}
