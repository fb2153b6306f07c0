import TestSupport
import Testing

@Suite("Names of fields on the command line")
struct FieldNameTests {
    @Test(
        "a mistyped one would settle nothing, and is told wherever an incident is explained",
        arguments: [
            ["--symptom", "mesage"], ["--cause", "mesage"], ["--symptom", "message", "--cause", "mesage"],
        ])
    func mistyped(options: [String]) throws {
        try withTemporaryFolder { folder in
            _ = try blamedeploy(["demo", "demo"], in: folder)
            let result = try blamedeploy(
                ["demo/events.ndjson", "--repo", "demo/shop"] + options, in: folder)
            #expect(result.status == 0, "\(result.errors)")
            let option = options[options.count - 2]
            #expect(
                result.output.contains(
                    "No event of an incident has a field 'mesage', which \(option) speaks of."),
                "\(result.output)")
            let right = try blamedeploy(
                ["demo/events.ndjson", "--repo", "demo/shop", "--symptom", "message", "--cause", "pod"],
                in: folder)
            #expect(right.status == 0 && !right.output.contains("has a field"), "\(right.output)")
        }
    }
}
