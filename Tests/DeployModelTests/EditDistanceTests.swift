import DeployModel
import Testing

@Suite("Edits between names")
struct EditDistanceTests {
    @Test(
        "each edit counts once, neighbours that changed places too",
        arguments: [
            ("", "", 0), ("", "abc", 3), ("image", "image", 0), ("image", "imag", 1),
            ("imagePullPolcy", "imagePullPolicy", 1),
            ("replcias", "replicas", 1), ("kitten", "sitting", 3), ("é", "e", 1),
        ])
    func distances(a: String, b: String, edits: Int) {
        #expect(editDistance(a, b) == edits)
        #expect(editDistance(b, a) == edits)
    }
}
