import Attribution
import DeployModel
import Testing

@Suite("What sets failing events apart")
struct ExplainTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var fault: @Sendable (Incident.Event) -> Bool
        var predicates: [Predicate]
    }

    static let cases: [Case] = [
        Case(
            testDescription: "a route", fault: { $0.text("http.route") == "/pay" },
            predicates: [Predicate("http.route", .equals(.string("/pay")))]),
        Case(
            testDescription: "a workload, not its pods",
            fault: { $0.text("k8s.deployment.name") == "mailer" },
            predicates: [Predicate("k8s.deployment.name", .equals(.string("mailer")))]),
        Case(
            testDescription: "one bad pod",
            fault: { $0.text("k8s.pod.name") == "mailer-7d9f4b6c85-x7k2p" },
            predicates: [Predicate("k8s.pod.name", .equals(.string("mailer-7d9f4b6c85-x7k2p")))]),
        Case(
            testDescription: "a field that is missing", fault: { $0.fields["customer.plan"] == nil },
            predicates: [Predicate("customer.plan", .isNull)]),
        Case(
            testDescription: "two values together",
            fault: { $0.text("http.route") == "/order" && $0.text("customer.plan") == "pro" },
            predicates: [
                Predicate("customer.plan", .equals(.string("pro"))),
                Predicate("http.route", .equals(.string("/order"))),
            ]),
    ]

    @Test("is found", arguments: cases)
    func found(example: Case) throws {
        let explanation = Incident(fault: example.fault).explained()
        #expect(explanation.outcome == .causes)
        let cause = try #require(explanation.causes.first)
        #expect(cause.predicates.sorted { $0.field < $1.field } == example.predicates)
        #expect(explanation.causes.count == 1)
        #expect(cause.coverage > 0.9)
        #expect(cause.rateAfter > 0.3)
        #expect((cause.rateBefore ?? 1) < 0.02)
        #expect(cause.symptoms.first?.value == "refused: 403 for *")
    }

    /// A dozen new failures among ten times as many that were always there.
    static var drowned: Incident {
        Incident(
            events: 24_000, background: 0.03, failing: 0.025,
            fault: { $0.text("http.route") == "/order" && $0.text("customer.plan") == "pro" },
            symptom: {
                let usual = [
                    "timeout after \($0.index) ms", "connection reset", "KeyError: 'tenant_\($0.index)'",
                ]
                $0.fields["error.message"] = .string(
                    $0.isHit ? "column \"plan_\($0.index)\" does not exist" : usual[$0.index % 3])
            })
    }

    @Test("few new failures are found by what they say among the many that were always there")
    func newFailures() throws {
        let explanation = Self.drowned.explained()
        let cause = try #require(explanation.causes.first)
        #expect(
            cause.predicates.sorted { $0.field < $1.field } == [
                Predicate("customer.plan", .equals(.string("pro"))),
                Predicate("http.route", .equals(.string("/order"))),
            ])
        #expect(explanation.causes.count == 1)
        #expect(explanation.newFailures.map(\.field) == ["error.message"])
        #expect(explanation.newFailures.map(\.value) == ["column * does not exist"])
        #expect(explanation.areNewFailuresFew)
        // What is counted are all failures, new or not: a reader who counts finds the same.
        let events = Self.drowned.made().filter { $0.isAfter && Self.drowned.fault($0) }
        #expect(cause.events == Double(events.count))
        #expect(cause.errors == Double(events.count { $0.failed }))
    }

    @Test("and are not when they say what others say")
    func newFailuresOfTheOldLook() {
        var incident = Self.drowned
        incident.symptom = {
            let usual = ["timeout after \($0.index) ms", "connection reset", "no route to host"]
            $0.fields["error.message"] = .string(usual[$0.isHit ? 1 : $0.index % 3])
        }
        #expect(incident.explained().outcome != .causes)
    }

    @Test("a new look of failures that are everywhere alike accuses nobody")
    func newLookEverywhere() {
        var incident = Self.drowned
        incident.fault = { _ in true }
        incident.failing = 0.01
        #expect(incident.explained().outcome == .global)
    }

    @Test(
        "nor do messages with the service's name, which grow most where little failed before",
        arguments: 1...4)
    func looksOfServices(seed: UInt64) {
        var incident = Incident(events: 24_000, seed: seed, background: 0.002, failing: 0.015)
        incident.fault = { _ in true }
        incident.symptom = {
            // The storefront has always failed much, and so hardly fails more often than it did.
            $0.fields["error.message"] = .string("\($0.text("k8s.deployment.name")): upstream failed")
        }
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            let always = event.text("k8s.deployment.name") == "storefront" && event.index * 7919 % 40 == 0
            if always, !event.failed {
                event.failed = true
                event.fields["error"] = .bool(true)
                event.fields["error.message"] = .string("storefront: upstream failed")
            }
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(explanation.outcome == .global)
    }

    @Test("a second cause is not lost because it says what was said before")
    func oldLookOfASecondCause() throws {
        var incident = Incident(
            events: 24_000, background: 0.02, failing: 0.5,
            fault: { $0.text("http.route") == "/pay" || $0.text("k8s.node.name") == "node-4" })
        incident.symptom = {
            $0.fields["error.message"] = .string(
                $0.isHit && $0.text("http.route") == "/pay"
                    ? "card declined by bank" : $0.index % 2 == 0 ? "timeout" : "connection reset")
        }
        let fields = Set(incident.explained().causes.flatMap(\.predicates).map(\.field))
        #expect(fields.isSuperset(of: ["http.route", "k8s.node.name"]))
    }

    @Test("a measurement that held the failures before describes the new ones as well")
    func measurementOfNewFailures() throws {
        let events = Self.drowned.made().map { event -> Incident.Event in
            var event = event
            // Short answers are failures, or redirections.
            event.fields["bytes_out"] = .number(
                Double(event.failed || event.index % 60 == 0 ? event.index % 200 : 500 + event.index % 4000))
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.first?.predicates.map(\.field).sorted() == ["customer.plan", "http.route"])
    }

    @Test("a service that fails unevenly stays one cause beside another one")
    func uneven() throws {
        let incident = Incident(
            events: 24_000, background: 0.002, failing: 0.6,
            fault: {
                // Payments fail twice as often as the rest of the mailer.
                $0.text("k8s.deployment.name") == "mailer"
                    && ($0.text("http.route") == "/pay" || $0.index * 7919 % 2 == 0)
                    || $0.text("k8s.node.name") == "node-4" && $0.index * 7919 % 3 == 0
            })
        let explanation = incident.explained()
        #expect(
            explanation.causes.first?.predicates
                == [Predicate("k8s.deployment.name", .equals(.string("mailer")))])
    }

    @Test("two causes are not taken for what they have in common")
    func common() throws {
        // A bad node, and a route that only one service has: most of the failures are of that service.
        let incident = Incident(
            events: 24_000, background: 0.002, failing: 0.5,
            fault: {
                $0.text("k8s.deployment.name") == "checkout"
                    && ($0.text("k8s.node.name") == "node-4" || $0.text("http.route") == "/pay")
            })
        let explanation = incident.explained()
        let fields = explanation.causes.map { $0.predicates.map(\.field) }
        #expect(fields.count == 2)
        #expect(fields.contains { $0.contains("http.route") })
        #expect(fields.contains { $0.contains("k8s.node.name") })
    }

    @Test("a threshold is exact to a hundredth of the field")
    func threshold() throws {
        let explanation = Incident(fault: { $0.number("request.bytes") > 400_000 }).explained()
        let predicate = try #require(explanation.causes.first?.predicates.first)
        guard case .above(let number) = predicate.comparison else {
            Issue.record("\(predicate)")
            return
        }
        #expect(predicate.field == "request.bytes")
        #expect((390_000...410_000).contains(number))
    }

    @Test("a copy of a field is told as the same events, not as another cause")
    func copies() throws {
        let explanation = Incident(fault: { $0.text("host.name") == "node-4" }).explained()
        #expect(explanation.causes.count == 1)
        let cause = try #require(explanation.causes.first)
        #expect(cause.predicates == [Predicate("k8s.node.name", .equals(.string("node-4")))])
        #expect(cause.aliases == [Predicate("host.name", .equals(.string("node-4")))])
    }

    @Test("a value is found though a third of the events lack its field")
    func gaps() throws {
        let incident = Incident(
            events: 24_000, failing: 0.5,
            fault: { $0.text("http.route") == "/order" && $0.text("customer.plan") == "pro" })
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            if event.index * 7919 % 3 == 0 { event.fields["customer.plan"] = nil }
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        let cause = try #require(explanation.causes.first)
        #expect(
            cause.predicates == [
                Predicate("customer.plan", .equals(.string("pro"))),
                Predicate("http.route", .equals(.string("/order"))),
            ])
        #expect(explanation.causes.count == 1)
    }

    @Test("of a workload and the version that came to it just then, the version is named")
    func newVersion() throws {
        let incident = Incident(
            fault: { $0.text("k8s.deployment.name") == "mailer" && $0.index % 12 != 0 })
        let events = incident.made().map { event -> Incident.Event in
            // One in twelve of the later events is still served by the old version.
            var event = event
            let workload = event.text("k8s.deployment.name")
            let isNew = workload == "mailer" && event.isAfter && event.index % 12 != 0
            event.fields["service.version"] = .string("\(workload)-\(isNew ? 2 : 1)")
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.first?.predicates
                == [Predicate("service.version", .equals(.string("mailer-2")))])
    }

    @Test("an element of an array is found, whatever else is in it")
    func element() {
        let incident = Incident(fault: { $0.index * 7919 % 5 == 0 })
        var table = incident.table()
        let events = incident.made()
        let labels = events.map { event in
            [("canary", 5), ("eu", 3), ("batch", 2)].filter { event.index * 7919 % $0.1 == 0 }.map(\.0)
        }
        let spellings = Set(labels).sorted { $0.joined() < $1.joined() }
        table.columns.append(
            EventTable.Column(
                name: "tags", values: spellings.map { .string("\($0)") },
                codes: labels.map { label in Int32(spellings.firstIndex(of: label) ?? 0) },
                elements: Dictionary(
                    uniqueKeysWithValues: spellings.enumerated().map { code, labels in
                        (Int32(code), labels.map(FieldValue.string))
                    })))
        let explanation = explain(table, interest: Incident.interest, baseline: Incident.baseline)
        #expect(explanation.causes.map(\.predicates) == [[Predicate("tags", .contains(.string("canary")))]])
    }

    @Test("numbers that are written as text are numbers")
    func numericTexts() throws {
        let incident = Incident(fault: { $0.number("queue.depth") > 45 })
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            event.fields["queue.depth"] = .string(event.text("queue.depth"))
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(explanation.causes.first?.predicates == [Predicate("queue.depth", .above(45))])
    }

    @Test("a number is the same value where some wrote it as text")
    func mixedTypes() throws {
        let incident = Incident(fault: { $0.index * 7919 % 11 == 4 })
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            let shard = event.index * 7919 % 11
            event.fields["shard"] = event.index % 3 == 0 ? .string("\(shard)") : .number(Double(shard))
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        let cause = try #require(explanation.causes.first)
        #expect(cause.predicates == [Predicate("shard", .equals(.number(4)))])
        #expect(cause.coverage > 0.9)
    }

    @Test("pods are known by how they are called, under any name of the field")
    func unnamedPods() {
        let incident = Incident(fault: { $0.text("k8s.deployment.name") == "mailer" })
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            event.fields = ["inst": event.fields["k8s.pod.name"] ?? .bool(false)]
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(explanation.causes.first?.workload == "mailer")
        #expect(explanation.causes.first?.predicates.first?.field == "inst")
    }

    @Test(
        "a few failures in a corner where nothing failed before are found, though its rate is hardly known",
        arguments: 1...6)
    func quietCorner(seed: UInt64) {
        let incident = Incident(
            events: 2000, seed: seed, background: 0, failing: 0.35,
            fault: { $0.text("http.route") == "/order" && $0.text("customer.plan") == "pro" })
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            // Another route has failures of its own, before and after.
            if event.text("http.route") == "/search", event.index * 7919 % 100 < 25 { event.failed = true }
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.first?.predicates.sorted { $0.field < $1.field } == [
                Predicate("customer.plan", .equals(.string("pro"))),
                Predicate("http.route", .equals(.string("/order"))),
            ])
    }

    @Test("two faults are two causes, the larger one first")
    func two() {
        let explanation = Incident(fault: {
            $0.text("http.route") == "/search" || $0.text("k8s.node.name") == "node-2"
        }).explained()
        #expect(
            explanation.causes.map(\.predicates) == [
                [Predicate("http.route", .equals(.string("/search")))],
                [Predicate("k8s.node.name", .equals(.string("node-2")))],
            ])
    }

    @Test("a rise of everything is nobody's in particular")
    func everywhere() {
        let explanation = Incident(failing: 0.08, fault: { _ in true }).explained()
        #expect(explanation.outcome == .global)
        #expect(explanation.causes.isEmpty)
    }

    @Test("noise is explained by nothing, whatever the seed", arguments: 1...12)
    func nothing(seed: Int) {
        #expect(Incident(seed: UInt64(seed), background: 0.02).explained().outcome == .none)
    }

    @Test("a route that failed as much before explains nothing")
    func before() {
        var incident = Incident(fault: { $0.text("http.route") == "/pay" })
        incident.symptom = { _ in }
        let events = incident.made().map { event -> Incident.Event in
            // The hour before is made of the hour after.
            var event = event
            event.isAfter.toggle()
            event.index = (event.index + incident.events / 2) % incident.events
            return event
        }
        let both = incident.made().filter(\.isAfter) + events.filter { !$0.isAfter }
        let explanation = explain(
            Incident.table(both), interest: Incident.interest, baseline: Incident.baseline)
        #expect(explanation.outcome == .none)
    }

    @Test("a route with a rate of its own does not make its whole service look guilty")
    func ownRates() {
        // Forty routes of eight services; /pay/3 always fails often, /search/3 newly.
        let events = Incident(background: 0).made().map { event -> Incident.Event in
            var event = event
            let route = "\(event.text("http.route"))/\(event.index % 8)"
            event.fields["http.route"] = .string(route)
            event.fields["service.name"] = .string("service-\(event.index % 8)")
            let fails = route == "/pay/3" || route == "/search/3" && event.isAfter
            event.failed = event.index * 7919 % 1000 < (fails ? 250 : 2)
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.map(\.predicates) == [[Predicate("http.route", .equals(.string("/search/3")))]]
        )
    }

    @Test("a rise from nothing to a few, where nothing is known well, is no cause")
    func uncertain() {
        // Rates differ by route from none to a quarter, so that a route's own is known by its own few failures alone.
        let events = Incident(background: 0).made().map { event -> Incident.Event in
            var event = event
            let number = event.index % 60
            event.fields["http.route"] = .string("/\(number)")
            let turn = event.index / 60
            event.failed = number < 20 ? turn % 4 == 0 : number == 40 && event.isAfter && turn % 11 == 0
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(explanation.outcome == .none)
    }

    @Test("without a time before, failing events are set against the others")
    func noBaseline() {
        let incident = Incident(fault: { $0.text("http.route") == "/pay" })
        let explanation = explain(incident.table(), interest: Incident.interest, baseline: nil)
        #expect(
            explanation.causes.first?.predicates == [Predicate("http.route", .equals(.string("/pay")))])
        #expect(explanation.before == nil)
    }
}

@Suite("Symptoms are not causes")
struct SymptomTests {
    @Test(
        "under any name",
        arguments: [
            ("resp_code", "a status"), ("outcome_of_it", "a copy of the outcome"), ("took_ms", "a duration"),
            ("fp", "a fingerprint"), ("kind_of_it", "a code with an ordinal"),
        ])
    func names(name: String, what: String) {
        var incident = Incident(fault: { $0.text("http.route") == "/pay" })
        incident.symptom = { event in
            event.fields[name] =
                switch what {
                case "a status": .number(503)
                case "a duration": .number(5000 + Double(event.index % 97))
                case "a copy of the outcome": .string("bad")
                case "a code with an ordinal": .string("upstream-\(event.index % 4)")
                default: .string("st0\(event.index % 3)")
                }
        }
        // What passes has a value, too.
        let events = incident.made().map { event -> Incident.Event in
            guard !event.failed, what != "a fingerprint" else { return event }
            var event = event
            event.fields[name] =
                switch what {
                case "a status": .number(200)
                case "a duration": .number(20 + Double(event.index * 31 % 400))
                case "a code with an ordinal": .string("fine-\(event.index % 4)")
                default: .string("good")
                }
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.first?.predicates == [Predicate("http.route", .equals(.string("/pay")))])
        #expect(explanation.symptoms.contains { $0.field == name })
    }

    @Test("a measurement that told failures before excuses nobody's failures")
    func measuredBefore() {
        var incident = Incident(background: 0.02, fault: { $0.text("http.route") == "/pay" })
        incident.symptom = { _ in }
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            // What comes back of a failure is short, and so is some of what comes back otherwise.
            let usual = 200 + event.index * 7919 % 9000
            event.fields["sz"] = .number(Double(event.failed ? usual / 20 : usual))
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.first?.predicates == [Predicate("http.route", .equals(.string("/pay")))])
        #expect(explanation.symptoms.contains { $0.field == "sz" })
    }

    @Test(
        "what wraps a field does not change what its name says",
        arguments: ["attributes.", "labels.", "data."])
    func envelopes(envelope: String) {
        var incident = Incident(fault: { $0.text("http.route") == "/pay" })
        // A name that says something only when it is all of the name.
        incident.symptom = { $0.fields[envelope + "reason"] = .string("no route") }
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            if !event.failed, event.text("http.route") != "/pay" || event.index % 3 == 0 {
                event.fields[envelope + "reason"] = .string(event.index % 2 == 0 ? "no route" : "fine")
            }
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline)
        #expect(
            explanation.causes.first?.predicates == [Predicate("http.route", .equals(.string("/pay")))])
        #expect(explanation.symptoms.contains { $0.field == envelope + "reason" })
    }

    @Test("unless the user says so, and the other way round")
    func settled() throws {
        let incident = Incident(fault: { $0.text("http.route") == "/pay" })
        #expect(!incident.explained().symptoms.contains { $0.field == "http.route" })
        let asSymptom = incident.explained(AttributionOptions(symptomFields: ["http.route"]))
        #expect(asSymptom.symptoms.contains { $0.field == "http.route" && $0.value == "/pay" })
        var copied = incident
        copied.symptom = { $0.fields["resp"] = .string("bad") }
        let events = copied.made().map { event -> Incident.Event in
            var event = event
            if !event.failed { event.fields["resp"] = .string("good") }
            return event
        }
        func first(_ options: AttributionOptions) -> Predicate? {
            explain(
                Incident.table(events), interest: Incident.interest, baseline: Incident.baseline,
                options: options
            ).causes.first?.predicates.first
        }
        #expect(first(AttributionOptions())?.field == "http.route")
        #expect(
            first(AttributionOptions(causeFields: ["resp"])) == Predicate("resp", .equals(.string("bad"))))
    }

    @Test("and neither is what failing is told by, unless its name says that it was known before")
    func outcome() {
        let incident = Incident(fault: { $0.text("http.route") == "/pay" })
        let events = incident.made().map { event -> Incident.Event in
            var event = event
            event.fields["weight.kg"] = .number(event.failed ? 900 : Double(event.index % 700))
            return event
        }
        let explanation = explain(
            Incident.table(events), interest: Incident.interest, baseline: Incident.baseline,
            options: AttributionOptions(outcomeFields: ["weight.kg", "http.route"]))
        #expect(
            explanation.causes.first?.predicates == [Predicate("http.route", .equals(.string("/pay")))])
        #expect(explanation.symptoms.contains { $0.field == "weight.kg" && $0.value.hasPrefix(">") })
        #expect(!explanation.symptoms.contains { $0.field == "http.route" })
    }
}

@Suite("An explanation is a function of the events")
struct InvarianceTests {
    private static let incident = Incident(fault: {
        $0.text("http.route") == "/order" && $0.number("request.bytes") > 300_000
    })

    private func explained(_ table: EventTable) -> Explanation {
        explain(table, interest: Incident.interest, baseline: Incident.baseline)
    }

    @Test("in any order", arguments: [incident, ExplainTests.drowned])
    func order(incident: Incident) {
        let events = incident.made()
        let expected = explained(Incident.table(events))
        #expect(expected.outcome == .causes)
        #expect(explained(Incident.table(events.reversed())) == expected)
        #expect(
            explained(Incident.table(events.sorted { $0.text("trace.id") < $1.text("trace.id") })) == expected
        )
    }

    @Test("where a row of weight three is three rows", arguments: [incident, ExplainTests.drowned])
    func weights(incident: Incident) {
        let events = incident.made()
        let threefold = events.flatMap { Array(repeating: $0, count: 3) }
        let weighted = Incident.table(events, weights: events.map { _ in 3 })
        #expect(
            explained(weighted).causes.map(\.predicates)
                == explained(Incident.table(threefold)).causes.map(\.predicates))
        #expect(explained(weighted).during == explained(Incident.table(threefold)).during)
    }

    @Test("also of hardly any")
    func few() {
        for count in 0...3 {
            let events = Array(Self.incident.made().prefix(count))
            #expect(explained(Incident.table(events)).outcome == .none)
        }
        let failing = Self.incident.made().filter(\.failed)
        #expect(explained(Incident.table(failing)).during.value == 1)
    }
}
