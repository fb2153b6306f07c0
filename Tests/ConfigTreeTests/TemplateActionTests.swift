import ConfigTree
import Testing

@Suite("Actions of Go templates")
struct TemplateActionTests {
    @Test(
        "finds each with its place",
        arguments: [
            ("a: {{ .x }}\nb: {{- .y -}}", ["1:4 .x", "2:4 .y"]),
            ("{{ printf \"}}\" }}{{ `}}` }}", ["1:1 printf \"}}\"", "1:18 `}}`"]),
            ("{{/* it's {{ .x }} */}}\n{{ .y }}", ["1:1 ", "2:1 .y"]),
            ("{{ dict\n  \"a: b\" .x\n}}\né{{ .y }}", ["1:1 dict\n  \"a: b\" .x", "4:2 .y"]),
            ("{{ .x", []), ("{{", []), ("", []), ("{{}}", ["1:1 "]), ("{{ -1 }}", ["1:1 -1"]),
        ])
    func places(text: String, expected: [String]) {
        let found = templateActions(in: Array(text.utf8)).map {
            "\($0.start.line):\($0.start.column) \($0.code)"
        }
        #expect(found == expected)
    }
}
