import DeployModel

extension Stories {
    /// The incident that the tool is built after, retold in a shop of our own.
    ///
    /// "Drop the old metrics account" takes a five-line entry out of three near-identical manifests, but only four of the
    /// lines out of the mailer's: the left-over `key: user` becomes a second, winning key of the password's reference. The
    /// same commit renames a variable in configuration and code, correctly. Then the mailer's text messages are refused.
    public static func demo(seed: UInt64 = 20_260_309) -> Story {
        let history = DemoHistory()
        let events = DemoEvents(seed: seed, rollouts: history.rollouts, onset: history.onset).export()
        return Story(
            commits: history.commits, events: events,
            truth: Story.Truth(
                culprit: history.culprit, path: "deploy/mailer/mailer.yaml.template",
                line: history.leftoverLine,
                workload: "mailer", onset: history.onset))
    }
}

/// The commits of the demo, and when each workload was replaced because of them.
private struct DemoHistory {
    private(set) var commits: [Story.Commit] = []
    /// For each workload the instants at which pods with a new template took over.
    private(set) var rollouts: [String: [Instant]] = [:]
    private(set) var culprit = 0
    private(set) var onset = Instant(seconds: 0)
    private(set) var leftoverLine = 0
    private var files = ShopFiles()
    private var written: [String: String] = [:]

    /// Monday 2026-03-09, 00:00 UTC.
    static let monday = 1_773_014_400

    init() {
        add("Start the shop", "Ines Almeida", day: -12, 9, 12, 0, [:])
        add(
            "Describe how orders are placed", "Jonas Weber", day: 0, 8, 41, 30,
            ["README.md": "# Shop\n\nOrders in, parcels out.\n"])
        files.tags["storefront"] = "r119"
        add("Storefront r119", "Ines Almeida", day: 0, 14, 3, 38)
        add(
            "Round prices half up", "Priya Nair", day: 1, 10, 27, 0,
            ["shop/prices.go": "package shop\n\nfunc round(cents int) int { return cents }\n"])
        files.storefrontReplicas = 8
        add("More storefronts for the spring sale", "Jonas Weber", day: 1, 16, 52, 41)
        add("Test the empty basket", "Priya Nair", day: 2, 9, 8, 0, ["shop/basket_test.go": "package shop\n"])
        add(
            "Say thank you on the last page", "Ines Almeida", day: 3, 11, 33, 0,
            ["shop/thanks.html": "<p>Thank you.</p>\n"])
        files.hasMetricsKey = false
        files.hasLeftover = true
        files.courierName = "SHOP_COURIER_ADDRESS"
        culprit = commits.count
        add(
            "Drop the old metrics account, call the courier's address by its name", "Jonas Weber", day: 4, 13,
            35, 39)
        onset = rollouts["mailer"]?.last ?? onset
        let lines = files.manifest(of: "mailer").split(separator: "\n", omittingEmptySubsequences: false)
        leftoverLine = (lines.lastIndex(of: "                  key: user") ?? 0) + 1
        add("Sort parcels by weight", "Priya Nair", day: 5, 8, 19, 0, ["shop/parcels.go": "package shop\n"])
        files.tags["checkout"] = "r120"
        add("Checkout r120", "Ines Almeida", day: 5, 15, 44, 44)
        add(
            "Correct a comma on the first page", "Ines Almeida", day: 7, 10, 2, 0,
            ["shop/first.html": "<p>Welcome, dear guest.</p>\n"])
        add(
            "Explain the queue of messages", "Jonas Weber", day: 8, 9, 47, 0,
            ["docs/queue.md": "Messages wait in line.\n"])
    }

    /// Adds a commit with whatever the shop's files have become; a manifest that changed is rolled out `delay` minutes later.
    private mutating func add(
        _ message: String, _ author: String, day: Int, _ hour: Int, _ minute: Int, _ delay: Int,
        _ others: [String: String] = [:]
    ) {
        let time = Instant(seconds: Self.monday + day * 86_400 + hour * 3600 + minute * 60)
        var changed = others
        for (path, text) in files.all where written[path] != text { changed[path] = text }
        written.merge(changed) { _, new in new }
        for workload in ShopFiles.workloads
        where changed["deploy/\(workload)/\(workload).yaml.template"] != nil {
            rollouts[workload, default: []].append(time + delay * 60)
        }
        commits.append(
            Story.Commit(message: message, author: author, time: time, files: changed, removed: []))
    }
}
