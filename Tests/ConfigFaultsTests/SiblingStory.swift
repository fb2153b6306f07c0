import ConfigFaults
import DeployModel
import TestSupport

/// Three near-identical manifests, with whatever a test wants different in them.
func manifest(_ name: String, env: [String], replicas: Int = 3, image: String = "1.0", extra: [String] = [])
    -> String
{
    ([
        "apiVersion: apps/v1", "kind: Deployment", "metadata:", "  name: \(name)", "spec:",
        "  replicas: \(replicas)",
        "  template:", "    metadata:", "      labels:", "        app: \(name)-app", "    spec:",
        "      containers:",
        "        - name: main", "          image: \"shop/\(name):\(image)\"", "          env:",
    ] + env.map { "            " + $0 } + extra).joined(separator: "\n") + "\n"
}

/// A variable that reads a key of a secret: five lines, as they are written everywhere.
func secret(_ variable: String, _ name: String, _ key: String) -> [String] {
    ["- name: \(variable)", "  valueFrom:", "    secretKeyRef:", "      name: \(name)", "      key: \(key)"]
}

/// A variable with a value.
func plain(_ variable: String, _ value: String) -> [String] { ["- name: \(variable)", "  value: \(value)"] }

/// Compares two folders and ranks what changed.
func ranked(_ before: FolderOfTexts, _ after: FolderOfTexts, failures: FailureContext = .unknown) throws
    -> [RankedChange]
{
    rankChanges(
        try compareConfig(before: before, after: after, files: after.changes(from: before)),
        failures: failures)
}

/// The story: three siblings lose a block, one of them keeps a line of it.
enum SiblingStory {
    static let shared = secret("SMS_USER", "sms", "user") + secret("SMS_PASSWORD", "sms", "password")
    static let doomed = secret("METRICS_USER", "metrics", "user")

    static let before: FolderOfTexts = [
        "deploy/api.yaml": manifest("api", env: shared + doomed),
        "deploy/billing.yaml": manifest("billing", env: shared + doomed),
        "deploy/mailer.yaml": manifest("mailer", env: shared + doomed),
        "src/sms.go": "read(\"SMS_USER\", \"SMS_PASSWORD\")",
        "src/metrics.go": "read(\"METRICS_USER\")",
    ]
    static let after: FolderOfTexts = [
        "deploy/api.yaml": manifest("api", env: shared),
        "deploy/billing.yaml": manifest("billing", env: shared),
        "deploy/mailer.yaml": manifest("mailer", env: shared + ["      key: user"]),
        "src/sms.go": "read(\"SMS_USER\", \"SMS_PASSWORD\")", "src/metrics.go": "",
    ]
    static let failures = FailureContext(
        workloads: ["mailer": 1], healthyWorkloads: ["api", "billing"], messages: ["sms rejected: 403"])
}
