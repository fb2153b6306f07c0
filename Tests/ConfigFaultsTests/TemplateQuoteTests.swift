import DeployModel
import TestSupport
import Testing

private let chart: [String: String] = [
    "c/Chart.yaml": "name: c\nversion: 1.0.0\n",
    "c/values.yaml": "port: 8080\nname: web\nitems: [a, b]\nmail:\n  host: smtp\n",
    "c/templates/web.yaml": """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      replicas: {{ .Values.port }}
      template:
        spec:
          containers:
            - name: web
              image: shop/web:1
              env:
                - name: PORT
                  value: {{ .Values.port | quote }}
                - name: NAME
                  value: "{{ .Values.name }}"
                {{- range .Values.items }}
                - name: ITEM
                  value: "{{ $.Values.name }}-{{ . }}"
                {{- end }}
                {{- with .Values.mail }}
                - name: MAIL
                  value: "{{ .host }}"
                {{- end }}

    """,
]

@Suite("Quotes in templates, and what the dot is")
struct TemplateQuoteTests {
    @Test(
        "a value that is no text without its quotes is refused, one that is stays what it was",
        arguments: [
            (
                "{{ .Values.port | quote }}", "{{ .Values.port }}",
                "c/templates/web.yaml:14 refused-type with c/values.yaml:1, `8080` is read as the number 8080"
            ),
            (
                "replicas: {{ .Values.port }}", "replicas: \"{{ .Values.port }}\"",
                "c/templates/web.yaml:6 refused-type in quotes it is text"
            ),
            (
                "\"{{ .Values.name }}\"\n", "{{ .Values.name }}\n",
                "c/templates/web.yaml:16 - only its quotes changed"
            ),
        ])
    func quotes(old: String, new: String, text: String) throws {
        let said = try Said(chart, Edit("c/templates/web.yaml", old, new))
        #expect(
            said.first.replacing("; ", with: " ").contains(text) || said.first.hasPrefix(text),
            "\(said.first)")
    }

    @Test("outside of a chart nobody knows what stands there: a hint")
    func elsewhere() throws {
        let text =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - name: a\n      env:\n        - name: PORT\n          value: \"${PORT}\"\n"
        let said = try Said(["a.yaml": text], Edit("a.yaml", "\"${PORT}\"", "${PORT}"))
        #expect(said.first.hasPrefix("a.yaml:9 type-trap without its quotes a number"), "\(said.first)")
    }

    @Test(
        "what only the top has is not at hand inside of a block",
        arguments: [
            (
                "{{ $.Values.name }}-", "{{ .Values.name }}-",
                "write $.Values instead of .Values at c/templates/web.yaml:19"
            ),
            (
                "{{ .host }}", "{{ .Release.Name }}",
                "write $.Release instead of .Release at c/templates/web.yaml:23"
            ),
        ])
    func strayed(old: String, new: String, mend: String) throws {
        let said = try Said(chart, Edit("c/templates/web.yaml", old, new))
        #expect(said.first.contains("is asked of what the block goes through"), "\(said.first)")
        #expect(said.mend == mend)
    }

    @Test(
        "what another engine, a comment or an element has is none of it",
        arguments: [
            ("a.yml.j2", "x: {{ a }}\ny: 1\n", "y: 1", "{# {% if old %} #}\ny: 1"),
            ("a.yml.j2", "x: {{ a }}\ny: 1\n", "y: 1", "{% if a and\n b %}\ny: 1\n{% endif %}"),
            ("a.yml.j2", "x: {{ a }}\ny: 1\n", "y: 1", "{% load_yaml as y %}\ny: 1\n{% endload %}"),
        ])
    func notOpen(path: String, text: String, old: String, new: String) throws {
        let said = try Said([path: text], Edit(path, old, new))
        #expect(!said.texts.contains { $0.contains("does not compile") }, "\(said.texts)")
    }

    @Test("a text that holds a block and goes on behind it")
    func behindBlock() throws {
        var files = chart
        files["c/templates/map.yaml"] =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  a: |\n    host = {{ .Values.mail.host }}\n    {{- if .Values.mail.host }}\n    tls = on\n    {{- end }}\n"
        let said = try Said(
            files,
            Edit(
                "c/templates/map.yaml", "host = {{ .Values.mail.host }}",
                "{{- with .Values.mail }}\n    host = {{ .host }}\n    {{- end }}"))
        #expect(!said.texts.contains { $0.contains("is asked of what") }, "\(said.texts)")
    }

    @Test("labels that a template brings in from elsewhere are there")
    func helper() throws {
        var files = chart
        files["c/templates/_helpers.tpl"] = "{{- define \"labels\" -}}\napp: web\n{{- end -}}\n"
        let labels = "  template:\n    metadata:\n      labels:\n        app: web\n    spec:"
        files["c/templates/web.yaml"] = chart["c/templates/web.yaml"]?
            .replacing(
                "  template:\n    spec:", with: "  selector:\n    matchLabels:\n      app: web\n" + labels)
        files["c/templates/service.yaml"] =
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector:\n    app: web\n  ports: [{port: 80}]\n"
        let include = "{{- include \"labels\" . | nindent"
        let said = try Said(
            files,
            Edit("c/templates/web.yaml", "labels:\n        app: web", "labels:\n        \(include) 8 }}"),
            Edit(
                "c/templates/web.yaml", "matchLabels:\n      app: web", "matchLabels:\n      \(include) 6 }}"),
            Edit("c/templates/service.yaml", "selector:\n    app: web", "selector:\n    \(include) 4 }}"))
        #expect(!said.changes.contains { $0.fault == "empty-selection" }, "\(said.texts)")
    }

    @Test("what an umbrella chart no longer says, its part says of itself")
    func umbrella() throws {
        let files = [
            "u/Chart.yaml": "name: u\nversion: 1.0.0\n", "u/values.yaml": "part:\n  size: 500\n  name: x\n",
            "u/templates/a.yaml":
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {n: \"{{ .Values.part.name }}\"}\n",
            "u/charts/part/Chart.yaml": "name: part\nversion: 1.0.0\n",
            "u/charts/part/values.yaml": "size: 500\nname: y\n",
            "u/charts/part/templates/b.yaml":
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {size: \"{{ .Values.size }}\"}\n",
        ]
        let same = try Said(files, Edit("u/values.yaml", "  size: 500\n", ""))
        #expect(
            same.highest < 20 && same.texts.contains("what it is laid over says the same"), "\(same.first)")
        let other = try Said(files, Edit("u/values.yaml", "  name: x\n", ""))
        #expect(
            other.texts.contains { $0.contains("what it was laid over counts again, where it is y (was x)") },
            "\(other.texts)")
    }

    @Test(
        "statements of Jinja and ERB are changes, and a block without its end is none any more",
        arguments: [
            ("{% if tls | bool %}", "{% if tls %}", "if tls | bool → if tls"),
            ("{% endif %}\n", "", "unparsable"),
            ("{% for b in brokers %}", "{% for b in broker %}", "for b in brokers → for b in broker"),
        ])
    func foreign(old: String, new: String, text: String) throws {
        let template =
            "port: {{ port }}\n{% if tls | bool %}\ntls: true\n{% endif %}\n{% for b in brokers %}\nbroker: {{ b }}\n{% endfor %}\n"
        let said = try Said(["a.yml.j2": template], Edit("a.yml.j2", old, new))
        let words = said.changes.map {
            "\($0.fault ?? "") \($0.change.before ?? "") → \($0.change.after ?? "")"
        }
        #expect(words.contains { $0.contains(text) }, "\(words)")
    }
}
