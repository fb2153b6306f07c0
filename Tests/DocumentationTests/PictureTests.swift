import TestSupport
import Testing

/// A picture of the manual, and the command that it shows.
private struct Picture: CustomTestStringConvertible {
    var name: String
    var arguments: [String]
    var title: String
    var testDescription: String { name }

    static let all = [
        Picture(
            name: "screen", arguments: ["blamedeploy-demo/events.ndjson", "--repo", "blamedeploy-demo/shop"],
            title:
                "The answer for the demo: failing share and traffic over ten days with the deploys below, the blamed deploy with what changed and how sure it is, the pods that fail, and the line of the manifest"
        ),
        Picture(
            name: "explain",
            arguments: ["explain", "blamedeploy-demo/events.ndjson", "--after", "2026-03-13T14:24:00Z"],
            title: "What sets the failing events of the demo apart, as bars"),
        Picture(
            name: "diff", arguments: ["diff", "ce5dc6eeb8", "--repo", "blamedeploy-demo/shop", "--explain"],
            title: "The configuration changes of the demo's blamed deploy, with the reckoning of their scores"
        ),
    ]
}

@Suite("The pictures of the manual")
struct PictureTests {
    @Test("show what the tool writes today", arguments: Picture.all, ["light", "dark"])
    private func shows(picture: Picture, theme: String) throws {
        try withTemporaryFolder { folder in
            _ = try blamedeploy(["demo", "blamedeploy-demo"], in: folder)
            let result = try blamedeploy(
                picture.arguments + ["--color", "always"], in: folder, environment: ["NO_COLOR": ""])
            #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
            let svg = ScreenPicture(
                command: "blamedeploy " + picture.arguments.joined(separator: " "), output: result.output,
                theme: theme == "light" ? .light : .dark, title: picture.title
            ).svg
            try expectFile(svg, at: "docs/images/\(picture.name)-\(theme).svg")
        }
    }
}
