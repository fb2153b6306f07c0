import Foundation
import TestSupport

/// What inputs are made from: the fixtures, and a few texts that use every word of a small grammar.
enum Seeds {
    /// The files below a folder of the fixtures that are small enough to be changed.
    static func files(_ folder: String, ending: String = "") -> [[UInt8]] {
        paths(folder).filter { $0.hasSuffix(ending) && !$0.hasPrefix("golden") && !$0.hasPrefix("hostile") }
            .compactMap { try? fixture($0) }.filter { $0.count <= 1 << 16 }
    }

    private static func paths(_ folder: String) -> [String] {
        let found = try? FileManager.default.subpathsOfDirectory(atPath: "\(packageRoot)/Fixtures/\(folder)")
        return (found ?? []).sorted().map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
    }

    private static func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    /// A few events, packed by gzip and zstd; the magic numbers are left out, and one byte tells which it was.
    static let packed: [[UInt8]] = [
        "AAgAAAAAAAIDq1YqKVayUjIyMDLQNbDUNTQOMTSyMjKzMjGIUtJRSi0qyi9SsiopKk2t5arGqtQcVWlaYk4xTrWjxo4aO2rsqLGjxo4aO2rsqLGjxo4aS2NjAT5NOMfgCgAA",
        "AWTgCfUBADLDCxGgPYVXoAQfUR2YxSyCWX8rYGD6a4sdMD0+bH337xpUbWnDzSORIdCK5WVtfVBlAwCG0oJvQL5ziioD7wiQuQ==",
    ].map { Data(base64Encoded: $0).map(Array.init) ?? [] }

    /// Counts of four pods over twelve hours, one of which begins to fail, as CSV and as NDJSON.
    static let traffic: [[UInt8]] = {
        var noise = SeededNoise(seed: 3)
        var csv = "time,pod,count,errors,version,zone\n"
        var ndjson = ""
        for minute in stride(from: 0, to: 720, by: 8) {
            for pod in ["api-7d9f6c5b48-x2x4z", "mailer-68698bb967-8q2fl"] {
                let time =
                    "2020-07-22T\(minute / 60 < 10 ? "0" : "")\(minute / 60):\(minute % 60 < 10 ? "0" : "")\(minute % 60):00Z"
                let isBroken = minute > 370 && pod.hasPrefix("mailer")
                let errors = noise.poisson(isBroken ? 30 : 1)
                let zone = noise.next() % 2
                csv += "\(time),\(pod),100,\(min(errors, 100)),v\(minute / 300),z\(zone)\n"
                ndjson +=
                    "{\"time\":\"\(time)\",\"pod\":\"\(pod)\",\"error\":\(isBroken && zone == 0),\"zone\":\"z\(zone)\",\"duration_ms\":\(errors * 7)}\n"
            }
        }
        return texts([csv, ndjson])
    }()

    /// What follows the first members of objects, one a line: neighbours of the same keys, and of others.
    static let lines: [[UInt8]] = {
        let alike = (0..<6).map {
            "\"n\":\($0)7.5,\"text\":\"a\($0)\",\"deep\":{\"b\":null,\"c\":[\($0),{\"d\":\"]\"}]},\"is\":true}"
        }
        let long = [20, 27, 28, 59, 60, 61, 92].map { width in
            let filler = String(repeating: "x", count: width)
            return "\"\(filler)\":\"\(filler)\",\"b\":\"\(filler)\\\"\\u00e9\",\"c\":-1e\(width)}"
        }
        let odd = [
            "\"a\" :\t1 , \"a\":2,\"\":{\"\":3},\"a.b\":4,\"a\":{\"b\":5}}  \r",
            "\"\\u0061\":\"\\ud83d\\ude80\",\"é\":\"👩‍🚀\"}",
            "\"a\":9007199254740993,\"b\":-0,\"c\":1e-400,\"d\":[]}",
            "\"a\":{\"a\":{\"a\":{\"a\":{}}}},\"b\":[[[[]]]]}",
        ]
        return texts([
            alike.joined(separator: "\n"), long.joined(separator: "\n"), odd.joined(separator: "\n"),
        ])
    }()

    /// Files of every format, each with the byte that chooses its name.
    static let configuration: [[UInt8]] = {
        let samples: [(Int, String)] = [
            (
                0,
                "a: &x {b: [1, 'two', \"three\"], c: |\n  text\n}\nd:\n  <<: *x\n  e: >-\n    folded\n    text\n---\nf: !!str 1\n? g\n: h\n"
            ),
            (
                1,
                "{\"a\": [1, 2.5e3, true, null, \"\\u00e9\\n\"], // comment\n \"b\": {\"c\": {}}, \"b\": 1,}\n"
            ),
            (
                2,
                "# comment\nexport A=1\nB=\"two words\"\nC='three'\nD=${A:-x}\nPRIVATE=\"-----BEGIN\nx\n-----END\"\n"
            ),
            (
                3,
                "title = \"x\"\n[a.b]\nc = [1, 2, {d = 1979-05-27T07:32:00Z}]\n[[e]]\nf = '''\nraw\n'''\n[[e]]\ng = 0x1F\n"
            ),
            (4, "; comment\n[section]\nkey = value\nother: value ; comment\n[other \"x\"]\nkey = a\n"),
            (5, "# comment\na.b.c = d\\\n  e\nf: g\n! comment\nh\\=i=\\u00e9\n"),
            (
                6,
                "resource \"a\" \"b\" {\n  c = [1, \"${var.d}\", true]\n  e = <<-EOF\n    text\n  EOF\n  f { g = { h = 1 } }\n  # c\n  /* d */\n}\n"
            ),
            (
                7,
                "a: {{ .Values.a | quote }}\n{{- if .Values.b }}\nb: {{ include \"x\" . | nindent 2 }}\n{{- else }}\nb: 1\n{{- end }}\nc: {D}\n"
            ),
            (
                8,
                "{{- range $i, $e := .Values.list }}\n- name: {{ $e.name }}\n  value: \"{{ $i }}-x\"\n{{- end }}\n{{/* comment */}}\n"
            ),
            (9, "name: value\nother:\n- a\n- b\n"), (10, "[a]\nb = c\n"),
            (11, "{\"a\": {{ x | tojson }}, {% if y %}\"b\": 1{% endif %}}\n"),
        ]
        var seeds = samples.map { [UInt8($0)] + Array($1.utf8) }
        for path in paths("configtree") + paths("kustomize") {
            guard let bytes = try? fixture(path), bytes.count <= 8192 else { continue }
            seeds.append([path.hasSuffix("template") ? 7 : path.hasSuffix("json") ? 1 : 0] + bytes)
        }
        return seeds
    }()

    static let templates: [[UInt8]] =
        configuration.map { Array($0.dropFirst()) }
        + texts([
            "{{ define \"a\" }}{{ with $x := index .Values \"a b\" }}{{ $x | default (printf \"%s\" `raw`) }}{{ end }}{{ end }}",
            "{{- if and (eq .a 1) (not .b) -}}x{{ else if .c }}y{{ else }}z{{ end }}{{/* {{ */}}",
        ])

    /// Two versions of a few files.
    static let differences: [[UInt8]] = {
        let container = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: NAME, labels: {app: NAME}}
            spec:
              replicas: 3
              selector: {matchLabels: {app: NAME}}
              template:
                metadata: {labels: {app: NAME}}
                spec:
                  containers:
                    - name: main
                      image: shop/NAME:1.0
                      ports: [{containerPort: 8080}]
                      envFrom: [{configMapRef: {name: settings}}]
                      env:
                        - name: SMS_PASSWORD
                          valueFrom:
                            secretKeyRef:
                              name: sms
                              key: password
                        - name: POOL
                          value: "20"
            """
        func named(_ name: String, _ extra: String = "") -> String {
            container.replacing("NAME", with: name) + extra + "\n"
        }
        let settings =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  URL: http://a:80/\n  a.json: |\n    {\"b\": 1}\n"
        let chart = """
            --- chart/Chart.yaml
            name: shop
            version: 1.0.0
            --- before chart/values.yaml
            image: {tag: 1.0, repository: shop/api}
            replicas: 3
            env: {POOL: 20}
            --- after chart/values.yaml
            image: {tag: 1.1, repository: shop/api}
            replica: 3
            env: {POOL: "twenty"}
            --- chart/templates/a.yaml
            kind: Deployment
            metadata: {name: {{ .Release.Name }}-web}
            spec:
              replicas: {{ .Values.replicas }}
              template:
                spec:
                  containers:
                    - name: web
                      image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
                      env:
                        {{- range $k, $v := .Values.env }}
                        - {name: {{ $k }}, value: {{ $v | quote }}}
                        {{- end }}
            """
        let others = """
            --- before .env
            DB_HOST=a
            DB_PORT=5432
            --- after .env
            DB_HOST=b
            DB_POTR=5432
            --- before compose.yaml
            services: {web: {image: a, environment: [A=1, "B=${DB_HOST}"], ports: ["80:80"]}}
            --- after compose.yaml
            services: {web: {image: a, environment: [A=1, "B=${DB_HST}"], ports: ["80:8080", "80:80"]}}
            --- before main.tf
            resource "a" "b" { count = 1 }
            --- after main.tf
            resource "a" "b" { count = "none" }
            --- before Dockerfile
            FROM a:1
            COPY a b
            --- after Dockerfile
            FROM a:2
            COPY c b
            --- src/a.go
            os.Getenv("DB_HOST"); os.Getenv("POOL")
            """
        let story =
            "--- before deploy/api.yaml\n\(named("api", "\n            - name: KEY\n              value: a"))"
            + "--- after deploy/api.yaml\n\(named("api"))"
            + "--- before deploy/mailer.yaml\n\(named("mailer", "\n            - name: KEY\n              value: a"))"
            + "--- after deploy/mailer.yaml\n\(named("mailer", "\n                  key: user"))"
            + "--- before settings.yaml\n\(settings)--- after settings.yaml\n\(settings.replacing("80", with: "8O"))"
        return texts([story, chart, others])
            + kustomizations.map { seed in
                let text = String(decoding: seed, as: UTF8.self)
                return Array(
                    (text + text.replacing("--- ", with: "--- before ").replacing("1", with: "2")).utf8)
            }
    }()

    /// The kustomizations of the fixtures, a folder each.
    static let kustomizations: [[UInt8]] = {
        let folders = Set(paths("kustomize").map { $0.split(separator: "/")[1] })
        return folders.sorted().filter { $0 != "expected" }.map { folder in
            let files = paths("kustomize/\(folder)").compactMap { path in
                (try? fixture(path)).map {
                    "--- \(path.dropFirst("kustomize/".count))\n\(String(decoding: $0, as: UTF8.self))"
                }
            }
            return Array(files.joined(separator: "\n").utf8)
        }
    }()

    static let expressions = texts([
        "status >= 500 or error", "not (a.b == \"x y\" and `odd name` != null) or @c/d < 1e3", "a = 'b'",
        "level == error and not route == /healthz",
    ])

    static let times = texts([
        "90s", "15m", "36h", "3d", "2w", "2020-07-22", "2020-07-22T13:35:42Z",
        "2020-07-22 13:35:42.123+02:00",
        "1600000000", "UTC", "+02:00", "-0330", "1.5e9",
    ])

    static let settings = texts([
        """
        events: events.ndjson
        deploys: [notes, deploys/argo.json]
        environment: production
        repositories: {checkout: ../checkout}
        map: {pod: kubernetes.pod_name}
        error: status >= 500 or error
        symptoms: [message]
        causes: [build]
        since: 10d
        tz: "+02:00"
        format-in: loki
        environments:
          production: {also: [prod, shop], paths: [overlays/prod/]}
        paths: {only: [k8s/, overlays/], except: ["**/testdata/**", "a?/[b]*/"]}
        ignore:
          - {path: k8s/mailer.yaml, fault: duplicate-key, reason: twice, until: 2026-12-31}
        """
    ])

    static let notes = texts([
        "2020-07-22T13:35:42Z finished=2020-07-22T13:40:00Z env=prod service=\"a b\" id=7 author=\"A \\\"B\\\" C\" Ship it",
        "2020-07-22T13:35:42Z title=\"env=prod is what it says\"\nfor people\n2020-07-22 12:00 Push v2 on",
    ])

    static let addresses = texts([
        "prometheus+https://a.example:9090/prom/?errors=sum(a%26b)&events=sum%20by%20(pod)(b)&step=60s",
        "clickhouse+http://user@[::1]:8123/db/table?where=a", "honeycomb://dataset?env=x&calculations=COUNT",
        "LowCardinality(Nullable(String))", "Map(String, Array(DateTime64(3, 'UTC')))", "Decimal(18, 4)",
        "SimpleAggregateFunction(sum, Enum8('a' = 1))",
    ])

    static let names = texts([
        "checkout-7d9f6c5b48-x2x4z", "job-28123456-abcde", "db-0",
        "upstream timeout after 30 ms from 10.0.0.1:80",
        "user 'a b' not found: 550e8400-e29b-41d4-a716-446655440000",
        "password: hunter2 token=\"a\\\"b\" Bearer abc",
        "postgres://user:secret@host/db?sslmode=require&password=x", "**/a*/[b]?/c.yaml",
        "--db-password=x {a: {key: b}}",
    ])
}
