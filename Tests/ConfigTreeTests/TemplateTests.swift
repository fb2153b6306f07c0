import ConfigTree
import TestSupport
import Testing

@Suite("Reading templates")
struct TemplateTests {
    @Test(
        "keeps expressions as the text of the values they stand in",
        arguments: [
            ("a: {{ .Values.x }}", "{a: {{ .Values.x }}~}"),
            ("a: {{ .a }}-{{ .b }}:{{ .c }}", "{a: {{ .a }}-{{ .b }}:{{ .c }}~}"),
            (#"a: "{{ .x | default "y" }}""#, #"{a: '{{ .x | default "y" }}'~}"#),
            ("a: {{ \"}}\" }} # c", "{a: {{ \"}}\" }}~}"),
            ("a: {{`{{ $labels.x }}`}}", "{a: {{`{{ $labels.x }}`}}~}"),
            ("{{ $k }}: {{ $v | quote }}", "{{{ $k }}: {{ $v | quote }}~}"),
            ("a: {X}\nb: '{Y_1}'", "{a: {X}~, b: '{Y_1}'~}"),
            ("a: x:{IMAGE-ID:gcp/a.b}\nb: {X:", "?!{a: x:{IMAGE-ID:gcp/a.b}~, b: {X: ∅}}"),
            ("a: {x}\nb: {X: 1}", "{a: {x: ∅}, b: {X: 1}}"),
            ("a: ${X}\nb: [${Y:-{z}}, $NAME, $$A, $5]", "{a: ${X}~, b: [${Y:-{z}}~, $NAME~, $$A, $5]}"),
            ("a: %%X%%\nb: __NAME__\nc: __init__ x__Y__", "{a: %%X%%~, b: __NAME__~, c: __init__ x__Y__}"),
            ("a: <%= x[:y] %>", "{a: <%= x[:y] %>~}"),
            (
                "a: {{ x | default({'a': 1}) }}\nb: {% raw %}x{% endraw %}",
                "{a: {{ x | default({'a': 1}) }}~, b: {% raw %}x{% endraw %}~}"
            ),
            ("if: ${{ github.ref }}\nb: 2", "{if: ${{ github.ref }}~, b: 2}"),
            ("a: plain {{\nb: 2\n", "{a: plain {{, b: 2}"),
            ("a: {{ .x\n     | quote }}\nb: 2\n", "{a: {{ .x⏎     | quote }}~, b: 2}"),
        ])
    func values(text: String, expected: String) { #expect(dump(text) == expected) }

    @Test("keeps lines and columns")
    func marks() {
        let text = "{{- if .a }}\na: x{{ .é }}y # c\n{{- end }}\nb: [{{ .c }}, d]\n"
        #expect(
            dump(text, marks: true)
                == "{a#1@2:1: x{{ .é }}y~@2:4-2:13, b@4:1: [{{ .c }}~@4:5-4:12, d@4:15-4:15]}")
    }

    @Test(
        "takes statements out, and numbers the branches they make",
        arguments: [
            (
                "a: 0\n{{- if .x }}\nk: 1\n{{- else if .y }}\nk: 2\n{{- else }}\nk: 3\n{{- end }}\nb: 4\n",
                "{a: 0, k#1: 1, k#2: 2, k#3: 3, b: 4}"
            ),
            (
                "{{ if .x }}\n{{ range .l }}\nk: 1\n{{ end }}\nk: 2\n{{ end }}\nk: 3\n",
                "{k#2: 1, k#1: 2, k: 3}"
            ),
            ("{% if a %}\nk: 1\n{% else %}\nk: 2\n{% endif %}\n{# c #}\n", "{k#1: 1, k#2: 2}"),
            ("<% if a %>\nk: 1\n<% else %>\nk: 2\n<% end %>\n", "{k#1: 1, k#2: 2}"),
            ("<% l.each do |x| %>\nk: <%= x %>\n<% end %>\nm: 1", "{k#1: <%= x %>~, m: 1}"),
            ("{{- /* a comment:\n  {{ of two lines */ -}}\nk: 1\n", "{k: 1}"),
            ("{{- $x := .y -}}\nk: {{ $x }}", "{k: {{ $x }}~}"),
            ("k: {{ if .x }}1{{ else }}2{{ end }}\nl: 3", "{k: {{ if .x }}1{{ else }}2{{ end }}~, l: 3}"),
        ])
    func statements(text: String, expected: String) { #expect(dump(text) == expected) }

    @Test(
        "reads a line of its own as the value of the key above, or as an addition to its block",
        arguments: [
            ("a:\n  {{- toYaml .x | nindent 2 }}\nb: 1", "{a: {{- toYaml .x | nindent 2 }}~, b: 1}"),
            ("a:\n{{ toYaml .x | indent 2 }}\nb: 1", "{a: {{ toYaml .x | indent 2 }}~, b: 1}"),
            ("a:\n  {{- include \"l\" . | nindent 2 }}\n  k: v\n", "{a: {k: v}}"),
            ("a:\n  k: v\n  {{- include \"l\" . | nindent 2 }}\nb: 1\n", "{a: {k: v}, b: 1}"),
            (
                "a:\n  {{- with .x }}\n  {{- toYaml . | nindent 2 }}\n  {{- end }}\nb: 1",
                "{a: {{- toYaml . | nindent 2 }}~, b: 1}"
            ),
            ("a: {{- include \"l\" . | nindent 2 }}\n  k: v\nb: 1", "{a: {k: v}, b: 1}"),
            ("a: {{ .x }} {{ .y }}\nb: 1", "{a: {{ .x }} {{ .y }}~, b: 1}"),
            ("a:\n{{- range .l }}\n- {{ . }}\n{{- end }}\nb: 1", "{a: [{{ . }}~], b: 1}"),
            (
                "a: |\n  x\n{{- if .y }}\n  {{ .y }}\n{{- end }}\nb: 1",
                "{a: 'x⏎{{- if .y }}⏎{{ .y }}⏎'~, b: 1}"
            ),
            (
                "a: |\n{{ .Files.Get \"x\" | indent 2 }}\nb: 1",
                "{a: '{{ .Files.Get \"x\" | indent 2 }}⏎'~, b: 1}"
            ),
            ("- k: |\n    x\n  l: {{ .y }}\n", "[{k: 'x⏎', l: {{ .y }}~}]"),
        ])
    func lines(text: String, expected: String) { #expect(dump(text) == expected) }

    @Test("does not take equal keys of two branches for duplicates, but those of one")
    func duplicates() throws {
        let text = "{{ if .a }}\nk: 1\nk: 2\n{{ else }}\nk: 3\n{{ end }}\n"
        let file = try #require(parseConfig(path: "c/templates/d.yaml", contents: Array(text.utf8)))
        let branches = file.documents[0].root?.entries.map(\.branch)
        #expect(branches == [1, 1, 2])
        #expect(file.isTemplate)
    }

    @Test(
        "leaves braces that open nothing as they are",
        arguments: [
            ("a: \"{{\"\nb: \"}}\"\n", "{a: '{{', b: '}}'}"),
            ("a: '{%'\n---\nb: '%}'\n", "{a: '{%'} --- {b: '%}'}"),
        ])
    func unclosed(text: String, expected: String) { #expect(dump(text) == expected) }

    @Test("reads a document as it stands when masking breaks it")
    func unmasked() { #expect(dump("a: &__X__ 1\nb: *__X__\n") == "{a: 1, b: 1}") }

    @Test("reads templates of JSON and of NAME=value lines")
    func otherFormats() {
        let json = "{\n{% if a %}\n  \"k\": {{ x | tojson }},\n{% endif %}\n  \"l\": \"{{ y }}\"\n}\n"
        #expect(dump(json, as: "a.json.j2") == "{k#1: {{ x | tojson }}~, l: '{{ y }}'~}")
        #expect(dump("A={{ x }}\nB=${A}/c\n", as: ".env.j2") == "{A: {{ x }}~, B: ${A}/c~}")
        #expect(dump(#"{"a": "{{", "b": [{"c": {"d": 1}}]}"#, as: "a.json") == "{a: '{{', b: [{c: {d: 1}}]}")
    }

    @Test("reads a chart's Deployment and ConfigMap without a problem")
    func chart() throws {
        let contents = try fixture("configtree/helm-deployment.yaml")
        let file = try #require(parseConfig(path: "templates/worker.yaml", contents: contents))
        #expect(file.documents.count == 2)
        #expect(file.documents.allSatisfy { $0.problem == nil && $0.reading == .parsed })
        let spec = try #require(file.documents[0].root?["spec"])
        #expect(spec.entries.filter { $0.key == "replicas" }.map(\.branch) == [2, 3])
        let container = try #require(spec[path: "template", "spec", "containers"]?.elements.first)
        #expect(container["resources"]?.text == "{{- toYaml .Values.resources | nindent 12 }}")
        #expect(
            container["env"]?.elements.map { $0["name"]?.text } == ["{{ $name }}", "QUEUE", "QUEUE_COPY"])
        let copy = container["env"]?.elements.last?[path: "valueFrom", "secretKeyRef"]
        #expect(dump(copy) == "{<name#1: queue, <key#1: url}")
        let text = file.documents[1].root?[path: "data", "app.conf"]?.text
        #expect(text == "listen {{ .Values.port }};\n{{- if .Values.tls }}\ntls on;\n")
    }
}
