import DeployModel
import Testing

@Suite("Names of pods")
struct PodNameTests {
    private static let names: [(String, String, String?, PodName.Controller)] = [
        ("mailer-7d9f4b6c85-x7k2p", "mailer", "7d9f4b6c85", .deployment),
        ("qw-deployment-9787c866d4-q8w4z", "qw-deployment", "9787c866d4", .deployment),
        ("web-0", "web", nil, .statefulSet), ("kafka-broker-12", "kafka-broker", nil, .statefulSet),
        ("node-agent-x7k2p", "node-agent", nil, .replicated),
        ("backup-28405920-x7k2p", "backup", nil, .cronJob),
        ("backup-1595424900-x7k2p", "backup", nil, .cronJob),
        ("redis-proxy", "redis-proxy", nil, .none), ("localhost", "localhost", nil, .none),
        ("", "", nil, .none), ("-", "-", nil, .none), ("-x7k2p", "-x7k2p", nil, .none),
        ("10.0.0.7", "10.0.0.7", nil, .none), ("web-2024-07", "web-2024", nil, .statefulSet),
    ]

    @Test("are taken apart by the tail that their controller adds", arguments: names)
    func parts(name: String, workload: String, hash: String?, controller: PodName.Controller) {
        let pod = PodName(name)
        #expect(pod.workload == workload)
        #expect(pod.templateHash == hash)
        #expect(pod.controller == controller)
    }

    @Test("never grow: the workload is a prefix of the name, whatever it is")
    func prefix() {
        for text in ["a-b-c-d", "x--y", "ünïcode-7d9f4b6c85-x7k2p", "A-7D9F4B6C85-X7K2P", "--", "a-"] {
            #expect(text.hasPrefix(PodName(text).workload))
        }
    }
}
