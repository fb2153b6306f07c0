import DeployModel
import Settings
import Synchronization

/// Whether events have the fields that `--symptom` and `--cause` speak of: a mistyped name would settle nothing, and nobody would
/// notice.
struct FieldNameCheck {
    /// What the command line says.
    var typed: EventOptions
    var settings: Settings?

    private static let remedy = "check its name; `--format json` shows names as they stand in the events"

    /// - Throws: ``CommandError`` where the command line names a field that no event has.
    func require(in table: EventTable) throws {
        guard !table.times.isEmpty else { return }
        for (option, fields) in [("--symptom", typed.symptoms), ("--cause", typed.causes)] {
            guard let field = fields.first(where: { table.column($0) == nil }) else { continue }
            throw CommandError(
                "no event has a field '\(field)', which \(option) speaks of", remedy: Self.remedy)
        }
    }

    /// What is said where several incidents were looked at: one of them may lack a field that the others have.
    func warnings(_ sightings: FieldSightings) -> [Warning] {
        guard let seen = sightings.fields else { return [] }
        return [("--symptom", typed.symptoms), ("--cause", typed.causes)].flatMap { option, fields in
            fields.filter { !seen.contains($0) }.map { field in
                Warning(
                    code: "unknown_field",
                    text: "No event of an incident has a field '\(field)', which \(option) speaks of.",
                    remedy: Self.remedy)
            }
        }
    }

    /// Settings are for every export of a project, and not every one has all of their fields.
    func warnings(in table: EventTable) -> [Warning] {
        guard let settings else { return [] }
        return [("symptoms", settings.symptoms), ("causes", settings.causes)].flatMap { key, fields in
            fields.filter { table.column($0.text) == nil }.map { field in
                Warning(
                    code: "unknown_field",
                    text:
                        "No event has a field '\(field.text)', which '\(key)' names in \(settings.place(field)).",
                    remedy: Self.remedy)
            }
        }
    }
}

/// The fields that events of incidents had.
final class FieldSightings: Sendable {
    private let seen = Mutex<Set<String>?>(nil)

    func note(_ table: EventTable) {
        guard !table.times.isEmpty else { return }
        seen.withLock { $0 = ($0 ?? []).union(table.columns.map(\.name)) }
    }

    /// `nil` where no events were looked at.
    var fields: Set<String>? { seen.withLock { $0 } }
}
