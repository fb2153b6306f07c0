import ArgumentParser

/// What times without a zone mean.
struct ZoneOptions: ParsableArguments {
    @Option(
        name: .customLong("tz"), parsing: .unconditional,
        help: ArgumentHelp("The zone of times that name none: UTC or ±hh:mm.", valueName: "zone"))
    var zone: String?

    /// Seconds east of Greenwich of times that name no zone; `nil` when nothing was said.
    var offsetSeconds: Int? { zone.flatMap(zoneOffsetSeconds) }

    func validate() throws {
        guard let zone, zoneOffsetSeconds(zone) == nil else { return }
        throw ValidationError("--tz takes UTC or an offset such as +02:00, not '\(zone)'")
    }
}
