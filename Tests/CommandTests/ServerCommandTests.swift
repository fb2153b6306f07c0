import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

/// Traffic that is long past, so that every server takes it.
private let traffic = ExportedTraffic(start: Instant(seconds: 1_700_002_800))
private let window = ["--since", "\(traffic.start)", "--until", "\(traffic.start + traffic.minutes * 60)"]

private func text(_ format: String) throws -> String {
    try #require(TrafficFormat.all.first { $0.description == format }).write(traffic)
}

/// What a command says of events, with the deploys of the traffic.
private func investigation(
    of events: String, in folder: String, _ options: [String] = [], environment: [String: String] = [:]
) throws -> CommandRun {
    try write(traffic.deployRecords, to: "\(folder)/deploys.ndjson")
    return try blamedeploy(
        [events, "--no-repo", "--deploys", "\(folder)/deploys.ndjson", "--format", "json"] + window + options,
        environment: environment)
}

private func object(_ run: CommandRun) throws -> [String: Any] {
    #expect(run.status == 0, "\(run.errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
}

/// The parts of a report that must not depend on where the events came from.
private func findings(_ report: [String: Any]) throws -> NSDictionary {
    [
        "verdict": try #require(report["verdict"]), "incidents": try #require(report["incidents"]),
        "window": try #require(report["window"]),
    ]
}

private enum RealServer: String, CaseIterable { case prometheus, victoriaMetrics = "victoria-metrics" }

@Suite("A real server, started by the test")
struct RealServerTests {
    /// Gives a server of that kind that holds the traffic.
    private func with(_ kind: RealServer, _ body: (RunningServer, String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server =
                switch kind {
                case .prometheus: try prometheus(holding: text("OpenMetrics"), in: folder)
                case .victoriaMetrics: try victoriaMetrics(holding: text("Prometheus text"), in: folder)
                }
            try withExtendedLifetime(server) { try body(server, folder) }
        }
    }

    @Test(
        "gives the verdict that the file of the same series gives",
        .enabled(
            if: RealServer.allCases.allSatisfy { isInstalled($0.rawValue) },
            "SKIPPED: prometheus or victoria-metrics is not installed: bash .ci/setup --servers"),
        arguments: RealServer.allCases)
    private func sameVerdict(kind: RealServer) throws {
        try with(kind) { server, folder in
            try write(text("OpenMetrics"), to: "\(folder)/metrics.txt")
            let file = try object(investigation(of: "\(folder)/metrics.txt", in: folder))
            let address = "prometheus+http://127.0.0.1:\(server.port)/"
            let same = try object(investigation(of: "\(address)?events=http_requests_total", in: folder))
            #expect(try findings(same) == findings(file))
            let queries = [
                "?errors=http_requests_total{code=~\"5..\"}&events=http_requests_total",
                "?errors=sum by (pod) (http_requests_total{code=~\"5..\"})&events=sum by (pod) (http_requests_total)",
                "?events=sum by (pod, code) (http_requests_total)&step=60",
            ]
            for query in queries {
                let report = try object(investigation(of: address + query, in: folder))
                let verdict = try #require(report["verdict"] as? [String: Any])
                #expect(
                    verdict["kind"] as? String == "blamed" && verdict["deploy"] as? String == "d1", "\(query)"
                )
                let inputs = try #require(report["inputs"] as? [[String: Any]])
                #expect(inputs[0]["events"] as? Double == traffic.total.events)
                #expect(inputs[0]["source"] as? String == address)
            }
            // Ranges of five minutes: what falls between points is shared out by the server, so that it is nearly the same.
            let rates =
                "?errors=sum by (pod) (rate(http_requests_total{code=~\"5..\"}[5m]))&events=sum by (pod) (rate(http_requests_total[5m]))"
            let report = try object(investigation(of: address + rates, in: folder))
            #expect((report["verdict"] as? [String: Any])?["deploy"] as? String == "d1")
            let counted = try #require((report["inputs"] as? [[String: Any]])?[0]["events"] as? Double)
            #expect(abs(counted / traffic.total.events - 1) < 0.02)
        }
    }

    @Test(
        "is asked in parts where the points are more than it gives at once",
        .enabled(
            if: isInstalled("prometheus"), "SKIPPED: prometheus is not installed: bash .ci/setup --servers"))
    func parts() throws {
        try with(.prometheus) { server, folder in
            // Nearly a year, of which four hours have events.
            let run = try blamedeploy([
                "explain", "prometheus+http://127.0.0.1:\(server.port)/?events=http_requests_total&step=60",
                "--window",
                "\(traffic.start - 300 * 86_400)..\(traffic.start + 5 * 3600)", "--format", "json",
            ])
            #expect(run.status == 0, "\(run.errors)")
        }
    }

    @Test(
        "says what is wrong with a question",
        .enabled(
            if: isInstalled("prometheus"), "SKIPPED: prometheus is not installed: bash .ci/setup --servers"),
        arguments: [
            ("?events=sum by (pod", "parse error"),
            ("?errors=x&events=sum(rate(no_such_metric[5m]))", "the query for events gave no series"),
            (
                "?errors=http_request_total{code=~\"5..\"}&events=http_requests_total",
                "there is no metric 'http_request_total'"
            ),
            (
                "?errors=http_requests_total{cod=~\"5..\"}&events=http_requests_total",
                "http_requests_total has no label 'cod'"
            ),
        ])
    func mistakes(query: String, problem: String) throws {
        try with(.prometheus) { server, folder in
            let run = try investigation(of: "prometheus+http://127.0.0.1:\(server.port)/\(query)", in: folder)
            #expect(run.status == 2 && run.output.isEmpty)
            #expect(run.errors.contains(problem), "\(run.errors)")
            #expect(run.errors.contains("help: "))
        }
    }

    @Test(
        "a query for errors without series is told where its names are right",
        .enabled(
            if: isInstalled("prometheus"), "SKIPPED: prometheus is not installed: bash .ci/setup --servers"))
    func noErrors() throws {
        try with(.prometheus) { server, folder in
            let run = try investigation(
                of:
                    "prometheus+http://127.0.0.1:\(server.port)/?errors=http_requests_total{code=~\"6..\"}&events=http_requests_total",
                in: folder)
            let warnings = try object(run)["warnings"] as? [[String: Any]]
            #expect(warnings?.contains { $0["code"] as? String == "no_error_series" } == true)
        }
    }
}

/// The answer of Prometheus that the traffic makes, whatever was asked.
private func answer(_ more: String = "") throws -> String {
    let matrix = try text("Prometheus counters")
    return more.isEmpty ? matrix : matrix.dropLast() + ",\(more)}"
}

@Suite("Commands and servers")
struct ServerCommandTests {
    private func address(_ server: ScriptedServer) -> String {
        "prometheus+http://127.0.0.1:\(server.port)/prom/?events=http_requests_total"
    }

    @Test(
        "a server that does not do what it should is an error within the time, and nothing is judged",
        arguments: [
            ([.answer("<html>Sign in</html>", type: "text/html")], "a web page"),
            ([.answer(500, "{\"error\":\"boom\"}")], "(status 500): boom"),
            ([.answer(429, "")], "(status 429)"), ([.wait(seconds: 20)], "no answer within"),
            (
                [
                    .send(
                        "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
                    ), .close,
                ], "the connection broke"
            ),
            (
                [
                    .send(
                        "HTTP/1.0 200 OK\r\n\r\n{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
                    ), .close,
                ], "ends too early"
            ),
            (
                [
                    .answer(
                        422,
                        "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"too many samples\"}")
                ], "execution: too many samples"
            ),
            (
                [
                    .answer(
                        "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"too many samples\"}")
                ], "too many samples"
            ),
            (
                [.answer("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}")],
                "gave no series"
            ),
            ([.answer("")], "its answer is empty"), ([.answer("OK", type: "text/plain")], "error"),
        ] as [([ScriptedStep], String)])
    func misbehaves(steps: [ScriptedStep], problem: String) throws {
        try withTemporaryFolder { folder in
            let server = try ScriptedServer { _, _ in steps }
            let run = try investigation(
                of: address(server), in: folder, environment: ["BLAMEDEPLOY_TIMEOUT": "2"])
            #expect(run.status == 2 && run.output.isEmpty)
            #expect(run.errors.hasPrefix("error: ") && run.errors.contains(problem), "\(run.errors)")
        }
    }

    @Test(
        "what the server warns of is told",
        arguments: ["\"warnings\":[\"store-2 does not answer\"]", "\"isPartial\":true"])
    func warned(member: String) throws {
        try withTemporaryFolder { folder in
            let body = try answer(member)
            let server = try ScriptedServer { _, _ in [.answer(body)] }
            let warnings =
                try object(investigation(of: address(server), in: folder))["warnings"] as? [[String: Any]]
            #expect(warnings?.contains { $0["code"] as? String == "partial_answer" } == true)
        }
    }

    @Test(
        "keys go along as headers, and are never shown",
        arguments: [
            (["PROMETHEUS_TOKEN": "s3cret"], "Bearer s3cret"),
            (["PROMETHEUS_USER": "me", "PROMETHEUS_PASSWORD": "s3cret"], "Basic bWU6czNjcmV0"),
        ])
    func keys(variables: [String: String], header: String) throws {
        try withTemporaryFolder { folder in
            let server = try ScriptedServer { _, _ in [.answer(403, "no")] }
            var environment = variables
            environment["PROMETHEUS_TENANT"] = "team-a"
            let run = try investigation(of: address(server), in: folder, environment: environment)
            let request = try #require(server.received.first)
            #expect(
                request.headers["authorization"] == header && request.headers["x-scope-orgid"] == "team-a")
            #expect(
                request.target.hasPrefix(
                    "/prom/api/v1/query_range?query=http_requests_total&start=1700002800&end="))
            #expect(run.status == 2 && !run.errors.contains("s3cret") && !run.errors.contains(header))
        }
    }

    @Test("a key may be in a file")
    func keyFile() throws {
        try withTemporaryFolder { folder in
            try write("s3cret\n", to: "\(folder)/token")
            let body = try answer()
            let server = try ScriptedServer { _, _ in [.answer(body)] }
            let run = try investigation(
                of: address(server), in: folder, environment: ["PROMETHEUS_TOKEN_FILE": "\(folder)/token"])
            #expect(run.status == 0, "\(run.errors)")
            #expect(server.received.first?.headers["authorization"] == "Bearer s3cret")
        }
    }

    @Test("a password in an address is refused, and not shown")
    func password() throws {
        try withTemporaryFolder { folder in
            let run = try investigation(of: "prometheus+http://me:s3cret@127.0.0.1:1/?events=x", in: folder)
            #expect(run.status == 2 && !run.errors.contains("s3cret"))
        }
    }

    @Test("the proxy of the environment is used")
    func proxy() throws {
        try withTemporaryFolder { folder in
            let body = try answer()
            let proxy = try ScriptedServer { _, _ in [.answer(body)] }
            let run = try investigation(
                of: "prometheus+http://prom.invalid:9090/?events=http_requests_total", in: folder,
                environment: ["http_proxy": proxy.address, "no_proxy": ""])
            #expect(run.status == 0, "\(run.errors)")
            #expect(
                proxy.received.first?.target.hasPrefix("http://prom.invalid:9090/api/v1/query_range?") == true
            )
        }
    }

    @Test(
        "--offline asks nobody",
        arguments: [
            ["PROM", "--no-repo", "--deploys", "d.json"],
            ["check", "PROM", "--no-repo", "--deploys", "d.json"], ["explain", "PROM"],
            ["deploys", "--no-repo", "--deploys", "honeycomb://shop"],
            ["mark", "--repo", "shop", "--honeycomb", "shop"],
        ])
    func offline(arguments: [String]) throws {
        try withShop { folder, _ in
            let server = try ScriptedServer { _, _ in [.answer("[]")] }
            try write("[]", to: "\(folder)/d.json")
            let run = try blamedeploy(
                arguments.map { $0 == "PROM" ? address(server) : $0 } + ["--offline"], in: folder,
                environment: ["HONEYCOMB_API_ENDPOINT": server.address, "HONEYCOMB_API_KEY": "k"])
            #expect(run.status == 2 && run.output.isEmpty)
            #expect(run.errors.contains("--offline forbids to ask a server"), "\(run.errors)")
            #expect(server.received.isEmpty)
        }
    }

    @Test("the settings of a project may name a server")
    func settings() throws {
        try withTemporaryFolder { folder in
            let body = try answer()
            let server = try ScriptedServer { _, _ in [.answer(body)] }
            try write("events: '\(address(server))'\ndeploys: deploys.ndjson\n", to: "\(folder)/s.yml")
            try write(traffic.deployRecords, to: "\(folder)/deploys.ndjson")
            let run = try blamedeploy(
                ["--no-repo", "--config", "\(folder)/s.yml", "--format", "json"] + window)
            #expect((try object(run)["verdict"] as? [String: Any])?["deploy"] as? String == "d1")
        }
    }

    @Test("a server that is named twice is asked once")
    func twice() throws {
        try withTemporaryFolder { folder in
            let body = try answer()
            let server = try ScriptedServer { _, _ in [.answer(body)] }
            let run = try investigation(of: address(server), in: folder, [address(server)])
            #expect(run.status == 0, "\(run.errors)")
            #expect(server.received.count == 1)
        }
    }

    @Test("init writes the address of a server down, and asks it")
    func initialised() throws {
        try withShop { _, repository in
            let body = try answer()
            let server = try ScriptedServer { _, _ in [.answer(body)] }
            let run = try blamedeploy(["init", address(server), "--repo", repository])
            #expect(run.status == 0, "\(run.errors)")
            #expect(!server.received.isEmpty)
            let settings = try String(contentsOfFile: "\(repository)/.blamedeploy.yml", encoding: .utf8)
            #expect(settings.contains(address(server)))
        }
    }

    @Test("without --until a window ends now, and is a week without --since")
    func untilNow() throws {
        let body = try answer()
        let server = try ScriptedServer { _, _ in [.answer(body)] }
        _ = try blamedeploy(["explain", address(server)])
        let query = try #require(server.received.first).target.split(separator: "&")
        let ends = ["start=", "end="].compactMap { name in
            query.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
        }
        try #require(ends.count == 2)
        #expect(abs(ends[1] - currentSeconds()) < 120 && ends[1] - ends[0] == 7 * 86_400)
    }
}

@Suite("Commands and Honeycomb")
struct HoneycombCommandTests {
    @Test("a dataset gives the verdict that the file of its events gives")
    func dataset() throws {
        let recent = ExportedTraffic(start: Instant(seconds: currentSeconds() / 3600 * 3600 - 12 * 3600))
        let stub = try HoneycombStub(recent)
        try withTemporaryFolder { folder in
            try write(recent.deployRecords, to: "\(folder)/deploys.ndjson")
            let run = try blamedeploy(
                [
                    "honeycomb://shop", "--no-repo", "--deploys", "\(folder)/deploys.ndjson", "--since",
                    "13h", "--format", "json",
                ],
                environment: stub.environment)
            let report = try object(run)
            #expect((report["verdict"] as? [String: Any])?["deploy"] as? String == "d1")
            let incidents = try #require(report["incidents"] as? [[String: Any]])
            let causes = try #require(incidents[0]["causes"] as? [[String: Any]])
            #expect("\(causes)".contains("worker"))
            #expect(stub.refusals.isEmpty)
            #expect(!run.output.contains(HoneycombStub.key))
        }
    }

    @Test("a mark is written as a note and as a marker, and the marker is a deploy of that commit")
    func mark() throws {
        let stub = try HoneycombStub(events: [])
        try withShop { folder, repository in
            let arguments = [
                "mark", "HEAD~1", "--repo", repository, "--started", "2020-09-16T00:00:00Z", "--finished",
                "2020-09-16T00:05:00Z",
                "--environment", "production", "--honeycomb", "shop",
            ]
            let first = try blamedeploy(arguments, environment: stub.environment)
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.output.contains("marker written to honeycomb://shop"))
            let again = try blamedeploy(arguments, environment: stub.environment)
            #expect(again.output.contains("the marker was there already: honeycomb://shop"))
            #expect(stub.markers.count == 1)
            let listed = try blamedeploy(
                [
                    "deploys", "--repo", repository, "--deploys", "honeycomb://shop", "--since", "2020-09-01",
                    "--until", "2020-09-30",
                ],
                environment: stub.environment)
            #expect(listed.output.contains("1 deploy (honeycomb://shop: Honeycomb m"), "\(listed)")
            #expect(listed.output.contains("16 Sep 00:00") && listed.output.contains("Commit 2"))
        }
    }

    @Test("a marker that cannot be written is told beside the note that was")
    func refusedMark() throws {
        let stub = try HoneycombStub(events: [])
        try withShop { _, repository in
            let run = try blamedeploy(
                ["mark", "--repo", repository, "--honeycomb", "other"], environment: stub.environment)
            #expect(run.status == 2)
            #expect(run.errors.contains("the note is written, and the marker is not"), "\(run.errors)")
            let keyless = try blamedeploy(
                ["mark", "--repo", repository, "--honeycomb", "shop", "--title", "second"],
                environment: ["HONEYCOMB_API_KEY": ""])
            #expect(
                keyless.status == 2 && keyless.output.isEmpty && keyless.errors.contains("HONEYCOMB_API_KEY"))
        }
    }
}
