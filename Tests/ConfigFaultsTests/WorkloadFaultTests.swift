import ConfigFaults
import DeployModel
import TestSupport
import Testing

@Suite("What a workload says against itself")
struct WorkloadFaultTests {
    private static let workload = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata:
              labels:
                app: web
                tier: front
            spec:
              containers:
                - name: web
                  env:
                    - name: LOG_LEVEL
                      value: info
                  resources:
                    requests: {memory: 128Mi, cpu: 100m}
                    limits: {memory: 256Mi, cpu: "0.5"}

        """

    /// What is said of the fault when a text of the workload is replaced by another.
    private func said(of fault: String, _ old: String, _ new: String, in text: String = workload) throws
        -> [String]
    {
        let changes = try ranked(["web.yaml": text], ["web.yaml": text.replacing(old, with: new)])
        return changes.flatMap(\.evidence).filter { $0.kind == fault }.map(\.text)
    }

    private func selectorAsks(_ key: String) -> String {
        "the selector of Deployment web asks for \(key), which its pods do not carry now: the API server refuses it, and the old pods stay"
    }

    @Test("pods that its own selector does not ask for are refused")
    func ownSelector() throws {
        #expect(
            try said(of: "empty_selection", "        app: web\n", "        app: wbe\n")
                == [selectorAsks("app: web")])
        #expect(
            try said(of: "empty_selection", "        app: web\n", "")
                == [selectorAsks("app: web")])
        // Nobody asks for the other label, and what a template fills in is not known.
        #expect(try said(of: "empty_selection", "tier: front", "tier: back").isEmpty)
        #expect(
            try said(of: "empty_selection", "        app: web\n", "        app: \"{{ .Values.app }}\"\n")
                .isEmpty)
        // What never fitted is not what this change broke.
        let broken = Self.workload.replacing("        app: web\n", with: "        app: other\n")
        #expect(try said(of: "empty_selection", "app: other", "app: another", in: broken).isEmpty)
    }

    @Test("a Service is not said to lose pods that never come to be")
    func service() throws {
        let service = """
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec:
              selector: {app: web}

            """
        let texts = try said(
            of: "empty_selection", "        app: web\n", "        app: wbe\n", in: Self.workload + service)
        #expect(texts == [selectorAsks("app: web")])
    }

    @Test(
        "more that is asked for than is allowed is refused, in whatever units",
        arguments: [
            ("memory: 128Mi", "memory: 512Mi", "requests.memory is 512Mi, more than the limit of 256Mi"),
            ("memory: 256Mi", "memory: 100M", "requests.memory is 128Mi, more than the limit of 100M"),
            ("cpu: 100m", "cpu: 600m", "requests.cpu is 600m, more than the limit of 0.5"),
            ("memory: 128Mi", "memory: 0.25Gi", nil), ("cpu: 100m", "cpu: 500m", nil),
        ] as [(String, String, String?)])
    func requests(old: String, new: String, text: String?) throws {
        let texts = try said(of: "refused_type", old, new)
        #expect(texts == (text.map { ["\($0): the API server refuses it"] } ?? []))
    }

    @Test("a variable that comes to stand twice is told with its lines; one that did already is not")
    func doubled() throws {
        let again = "              value: info\n            - name: LOG_LEVEL\n              value: debug\n"
        #expect(
            try said(of: "duplicate_key", "              value: info\n", again)
                == ["LOG_LEVEL stands twice in the list (lines 15 and 17); the last one wins"])
        let doubled = Self.workload.replacing("              value: info\n", with: again)
        #expect(try said(of: "duplicate_key", "value: debug", "value: trace", in: doubled).isEmpty)
    }
}
