import DeployModel
import DeployRecords
import TestSupport
import Testing

private let deployment =
    "{\"id\": 1, \"sha\": \"\(one)\", \"task\": \"deploy\", \"ref\": \"main\", \"environment\": \"production\", \"created_at\": \"2026-10-10T14:02:11Z\"}"
private let other =
    "{\"id\": 2, \"sha\": \"\(two)\", \"task\": \"deploy\", \"ref\": \"main\", \"environment\": \"production\", \"created_at\": \"2026-10-10T15:02:11Z\"}"

private func status(_ state: String, of id: Int = 1, at time: String = "2026-10-10T14:04:02Z") -> String {
    "{\"state\": \"\(state)\", \"deployment_url\": \"https://api.github.com/repos/a/b/deployments/\(id)\", \"created_at\": \"\(time)\"}"
}

@Suite("What is peculiar to a format")
struct FormatDetailTests {
    @Test(
        "takes pages as gh writes them: one array, several, an array of arrays, or one after another",
        arguments: [
            "[\(deployment), \(other)]", "[\(deployment)][\(other)]", "[[\(deployment)], [\(other)]]",
            "\(deployment)\n\(other)", "[\(deployment)]\n[\(other), \(deployment)]",
        ])
    func pages(text: String) throws {
        let file = try read(text)
        #expect(file.deploys.map(\.commit) == [CommitID(one), CommitID(two)])
        #expect(file.deploys.map(\.id) == ["1", "2"])
        #expect(file.formats == ["GitHub deployments"])
    }

    @Test("an event of Datadog is a deploy when it speaks of one; a version is on every event of a service")
    func versionedEvents() throws {
        func event(_ title: String, _ tags: String...) -> String {
            let tags = tags.map { "\"\($0)\"" }.joined(separator: ", ")
            return
                "{\"id\": \(title.count), \"title\": \"\(title)\", \"text\": \"\", \"date_happened\": 1791640931, \"tags\": [\(tags)]}"
        }
        let alert = event("[Triggered] Errors on checkout", "service:checkout", "version:1.4.2")
        let told = event("checkout 1.4.2", "service:checkout", "version:1.4.2", "event_type:deployment")
        let file = try read("{\"events\": [\(alert), \(told)]}")
        #expect(file.deploys.map(\.title) == ["checkout 1.4.2"])
        #expect(file.warnings.map(\.code) == ["other_events"])
    }

    @Test("records that lie too deep are passed over, and that is told")
    func deep() throws {
        func wrapped(_ record: String, _ depth: Int) -> String {
            String(repeating: "{\"data\": ", count: depth) + record + String(repeating: "}", count: depth)
        }
        #expect(try read(wrapped(deployment, 11)).deploys.count == 1)
        let file = try read("[\(wrapped(deployment, 12)), \(other)]")
        #expect(file.deploys.map(\.id) == ["2"])
        #expect(file.skipped.map(\.reason) == ["it lies inside 12 others"])
        #expect(file.warnings.map(\.code).contains("skipped_records"))
        #expect(throws: DeployRecordError.self) { try read(wrapped(deployment, 12)) }
    }

    @Test(
        "takes the outcome from the statuses, of which inactive is none",
        arguments: [
            (["success"], 1, true), (["success", "inactive"], 1, true), (["inactive"], 1, false),
            (["failure"], 0, false), (["error", "inactive"], 0, false), (["in_progress"], 1, false),
            (["queued"], 0, false),
        ] as [([String], Int, Bool)])
    func outcomes(states: [String], count: Int, isFinished: Bool) throws {
        let file = try read("[\(deployment)]" + states.map { status($0) }.joined())
        #expect(file.deploys.count == count)
        #expect((file.deploys.first?.finishedAt == at("2026-10-10T14:04:02Z")) == isFinished)
        #expect(file.warnings.allSatisfy { $0.code != "no_outcomes" })
    }

    @Test("says when outcomes are missing")
    func noOutcomes() throws {
        #expect(try read("[\(deployment)]").warnings.map(\.code) == ["no_outcomes"])
    }

    @Test("takes the body of a webhook")
    func webhook() throws {
        let file = try read(
            "{\"action\": \"created\", \"deployment\": \(deployment), \"deployment_status\": \(status("failure"))}"
        )
        #expect(file.deploys.isEmpty)
        #expect(file.failed.map(\.commit) == [CommitID(one)])
    }

    @Test("warns of a page that is full")
    func fullPage() throws {
        let rows = (0..<30).map { index in
            deployment.replacing("\"id\": 1", with: "\"id\": \(100 + index)").replacing(
                "14:02", with: "14:\(10 + index)")
        }
        #expect(try read("[\(rows.joined(separator: ","))]").warnings.contains { $0.code == "full_page" })
        #expect(
            try !read("[\(rows.dropLast().joined(separator: ","))]").warnings.contains {
                $0.code == "full_page"
            })
    }

    @Test(
        "knows the revisions of Flux",
        arguments: [
            ("main@sha1:\(one)", one), ("refs/pull/1/head@sha1:\(one)", one), ("sha1:\(one)", one),
            ("main/\(one)", one), ("HEAD/\(one)", one), ("v1.0.1@sha1:\(one)", one),
        ])
    func fluxRevisions(revision: String, commit: String) throws {
        let file = try read(kustomization("\"revision\": \"\(revision)\""))
        #expect(file.deploys.map(\.commit) == [CommitID(commit)])
    }

    @Test("takes no digest for a commit, but the revision that an artifact was built from")
    func fluxDigest() throws {
        let digest = String(repeating: "ab", count: 32)
        let plain = try read(kustomization("\"revision\": \"latest@sha256:\(digest)\""))
        #expect(plain.deploys.map(\.commit) == [nil] && plain.references.isEmpty)
        let origin = try read(
            kustomization("\"revision\": \"v2@sha256:\(digest)\", \"originRevision\": \"main@sha1:\(two)\""))
        #expect(origin.deploys.map(\.commit) == [CommitID(two)])
    }

    private func kustomization(_ metadata: String) -> String {
        "{\"kind\": \"Kustomization\", \"metadata\": {\"name\": \"a\", \"namespace\": \"flux-system\"}, \"status\": {\"history\": "
            + "[{\"firstReconciled\": \"2026-10-10T14:02:13Z\", \"lastReconciled\": \"2026-10-11T00:00:00Z\", "
            + "\"lastReconciledStatus\": \"ReconciliationSucceeded\", \"metadata\": {\(metadata)}}]}}"
    }

    @Test("finds the time of a rollback in the Deployment, as its ReplicaSet is the old one")
    func reusedReplicaSet() throws {
        func set(_ revision: Int, _ created: String, _ tag: String, _ more: String = "") -> String {
            "{\"kind\": \"ReplicaSet\", \"metadata\": {\"name\": \"web-\(tag)\", \"namespace\": \"shop\", \"creationTimestamp\": \"\(created)\", "
                + "\"annotations\": {\"deployment.kubernetes.io/revision\": \"\(revision)\"\(more)}, "
                + "\"ownerReferences\": [{\"kind\": \"Deployment\", \"name\": \"web\"}]}, "
                + "\"spec\": {\"template\": {\"spec\": {\"containers\": [{\"image\": \"acme/web:\(tag)\"}]}}}}"
        }
        let sets = [
            set(3, "2026-10-01T00:00:00Z", "v1", ", \"deployment.kubernetes.io/revision-history\": \"1\""),
            set(2, "2026-10-02T00:00:00Z", "v2"),
        ]
        let alone = try read("{\"kind\": \"List\", \"items\": [\(sets.joined(separator: ","))]}")
        #expect(alone.deploys.map(\.id) == ["web/1", "web/2"])
        #expect(alone.warnings.map(\.code) == ["rollback_time_unknown"])
        let workload =
            "{\"kind\": \"Deployment\", \"metadata\": {\"name\": \"web\", \"namespace\": \"shop\", \"annotations\": {\"deployment.kubernetes.io/revision\": \"3\"}}, "
            + "\"status\": {\"conditions\": [{\"type\": \"Progressing\", \"reason\": \"NewReplicaSetAvailable\", \"lastUpdateTime\": \"2026-10-03T00:00:00Z\"}]}}"
        let whole = try read(
            "{\"kind\": \"List\", \"items\": [\((sets + [workload]).joined(separator: ","))]}")
        #expect(whole.deploys.map(\.id) == ["web/1", "web/2", "web/3"])
        #expect(whole.deploys.map(\.isRollback) == [false, false, true])
        #expect(whole.deploys.last?.startedAt == at("2026-10-03T00:00:00Z"))
        #expect(whole.references["web/3"] == ["v1"])
    }

    @Test("keeps the commit of a release that only sets config vars, and of one that goes back")
    func heroku() throws {
        func release(_ version: Int, _ description: String, slug: String) -> String {
            "{\"version\": \(version), \"status\": \"succeeded\", \"description\": \"\(description)\", \"slug\": {\"id\": \"\(slug)\"}, "
                + "\"created_at\": \"2026-10-1\(version)T00:00:00Z\"}"
        }
        let file = try read(
            "[\(release(4, "Rollback to v1", slug: "c")), \(release(3, "Set DB_POOL config vars", slug: "b")), "
                + "\(release(2, "Deploy 4f2c9d1e", slug: "b")), \(release(1, "Deploy 1d0a6e3b", slug: "a"))]")
        #expect(file.deploys.map(\.id) == ["v1", "v2", "v3", "v4"])
        #expect(
            file.references == [
                "v1": ["1d0a6e3b"], "v2": ["4f2c9d1e"], "v3": ["4f2c9d1e"], "v4": ["1d0a6e3b"],
            ])
        #expect(file.deploys.map(\.isRollback) == [false, false, false, true])
        #expect(file.deploys[2].title == "Set DB_POOL config vars")
    }

    @Test("leaves it to the repository which of several checked-out commits is meant")
    func jenkins() throws {
        let file = try read(
            "{\"builds\": [{\"number\": 3, \"timestamp\": 1791640931000, \"duration\": 0, \"result\": null, \"building\": true, "
                + "\"actions\": [{\"lastBuiltRevision\": {\"SHA1\": \"\(one)\"}}, {}, {\"lastBuiltRevision\": {\"SHA1\": \"\(two)\"}}]}]}"
        )
        #expect(file.deploys.map(\.commit) == [nil])
        #expect(file.references == ["3": [one, two]])
        #expect(file.deploys[0].finishedAt == nil)
    }

    @Test("passes over a Buildkite deploy that waits behind a block, whatever the build's state says")
    func buildkite() throws {
        let file = try read(
            "[{\"number\": 1, \"state\": \"passed\", \"blocked\": true, \"commit\": \"\(one)\", \"created_at\": \"2026-10-10T14:00:00Z\", "
                + "\"jobs\": [{\"type\": \"script\", \"name\": \"deploy prod\", \"state\": \"blocked\", \"started_at\": null}]}]"
        )
        #expect(file.deploys.isEmpty && file.failed.isEmpty)
        #expect(file.warnings.map(\.code) == ["pending_deploys"])
    }

    @Test("takes a sync of some resources for a deploy, though it leaves no history")
    func selectiveSync() throws {
        let application =
            "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\", \"metadata\": {\"name\": \"a\"}, \"spec\": {}, \"status\": {\"history\": "
            + "[{\"id\": 1, \"revision\": \"\(one)\", \"deployStartedAt\": \"2026-10-10T14:00:00Z\", \"deployedAt\": \"2026-10-10T14:00:09Z\"}], "
            + "\"operationState\": {\"phase\": \"Succeeded\", \"startedAt\": \"STARTED\", \"finishedAt\": \"FINISHED\", \"syncResult\": {\"revision\": \"\(one)\"}}}}"
        let told = application.replacing("STARTED", with: "2026-10-10T14:00:00Z")
            .replacing("FINISHED", with: "2026-10-10T14:00:09Z")
        #expect(try read(told).deploys.count == 1)
        let later = application.replacing("STARTED", with: "2026-10-11T08:00:00Z")
            .replacing("FINISHED", with: "2026-10-11T08:00:03Z")
        #expect(try read(later).deploys.count == 2)
    }

    @Test(
        "takes for a commit only what can be one",
        arguments: [
            ("checkout 4f2c9d1", ["4f2c9d1"]), ("build 1234567", []), ("a deadbee", []), ("4f2c9d", []),
            ("4F2C9D1", []), ("x (4f2c9d1), then 1d0a6e3", ["4f2c9d1", "1d0a6e3"]), (one, [one]),
        ])
    func commitNames(message: String, names: [String]) throws {
        let file = try read(
            "[{\"id\": \"m\", \"start_time\": 1791640931, \"message\": \"\(message)\", \"type\": \"deploy\"}]"
        )
        #expect(file.references["m"] ?? file.deploys.compactMap(\.commit?.hex) == names)
    }

    @Test(
        "knows the times of programs",
        arguments: [
            ("2026-10-10 14:02:11.4 +0000 UTC", "2026-10-10T14:02:11.4Z", false),
            ("2026-10-10 16:02:11.123456789 +0200 CEST", "2026-10-10T14:02:11.123Z", false),
            ("Sat Oct 10 14:02:11 2026", "2026-10-10T14:02:11Z", true),
            ("Fri Oct  9 09:00:01 2026", "2026-10-09T09:00:01Z", true),
        ])
    func times(written: String, meant: String, assumesZone: Bool) throws {
        let text = "[{\"id\": 1, \"started_at\": \"\(written)\"}]"
        let file = try read(text)
        #expect(file.deploys.map(\.startedAt) == [at(meant)])
        #expect(file.warnings.map(\.code) == (assumesZone ? ["assumed_utc"] : []))
        let shifted = try readDeploys(Array(text.utf8), source: "deploys", assumingOffsetSeconds: 7200)
        #expect(shifted.deploys.map(\.startedAt) == [assumesZone ? at(meant) - 7200 : at(meant)])
        #expect(shifted.warnings.isEmpty)
    }

    @Test("reads what kubectl writes as YAML")
    func yaml() throws {
        let text = """
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            metadata: {name: shop}
            spec: {destination: {namespace: prod}}
            status:
              history:
              - {id: 3, revision: \(one), deployedAt: "2026-10-10T14:02:19Z"}
            """
        let file = try read(text)
        #expect(file.deploys.map(\.id) == ["shop/3"])
        #expect(file.deploys.map(\.commit) == [CommitID(one)])
    }

    @Test(
        "names the version of a chart whose name has dashes and numbers",
        arguments: [
            ("foo-0.1.0-beta.1", "foo", "0.1.0-beta.1"), ("cert-manager-v1.14.2", "cert-manager", "v1.14.2"),
            ("kube-2-dns-1.0", "kube-2-dns", "1.0"),
        ])
    func charts(chart: String, name: String, version: String) throws {
        let file = try read(
            "[{\"revision\": 7, \"updated\": \"2026-10-10T14:02:11Z\", \"status\": \"deployed\", \"chart\": \"\(chart)\", \"app_version\": \"\"}]"
        )
        #expect(file.deploys.map(\.service) == [name])
        #expect(file.references == ["\(name)/7": [version]])
    }

    @Test(
        "refuses tables that say no time, with what to export instead",
        arguments: [
            ("deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n", "kubectl get rs,deploy"),
            (
                "NAME       DESIRED   CURRENT   READY   AGE\nweb-7d9f   3         3         3       2d\n",
                "-o json"
            ),
        ])
    func printed(text: String, remedy: String) {
        let error = #expect(throws: DeployRecordError.self) { try read(text) }
        #expect(error?.remedy?.contains(remedy) == true)
    }
}
