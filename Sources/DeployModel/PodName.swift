/// A Kubernetes pod name taken apart into the workload that owns it and the tail that its controller added.
///
/// Tails, from the sources of the controllers (see `docs/attribution.md`): a Deployment adds the template hash
/// and five random characters, a ReplicaSet, DaemonSet or Job five random characters, a CronJob the scheduled
/// minute (or second) and five random characters, a StatefulSet an ordinal. The random characters come from an
/// alphabet of 27 without vowels; the hash is drawn from ten of them, but older and foreign controllers do not
/// keep to the ten.
public struct PodName: Sendable, Hashable {
    /// What kind of controller the tail belongs to.
    public enum Controller: String, Sendable, Hashable {
        /// `<workload>-<template hash>-<random>`.
        case deployment
        /// `<workload>-<scheduled time>-<random>`.
        case cronJob
        /// `<workload>-<random>`: DaemonSet, Job, ReplicaSet or ReplicationController.
        case replicated
        /// `<workload>-<ordinal>`.
        case statefulSet
        /// No tail that a controller makes.
        case none
    }

    /// The name of the owning workload; the whole name when no tail was recognised.
    public let workload: String
    /// The pod-template hash of a Deployment's pod.
    public let templateHash: String?
    /// The kind of controller.
    public let controller: Controller

    /// Takes a name apart by its tail alone. Never fails: a name without a known tail is its own workload.
    public init(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        if let last = parts.last, parts.count >= 2 {
            let isRandom = last.utf8.count == 5 && last.utf8.allSatisfy(Self.isSafe)
            if isRandom, parts.count >= 3 {
                let middle = parts[parts.count - 2]
                let workload = parts.dropLast(2).joined(separator: "-")
                if Self.isScheduledTime(middle), !workload.isEmpty {
                    self.init(workload: workload, templateHash: nil, controller: .cronJob)
                    return
                }
                if Self.isTemplateHash(middle), !workload.isEmpty {
                    self.init(workload: workload, templateHash: String(middle), controller: .deployment)
                    return
                }
            }
            let workload = parts.dropLast().joined(separator: "-")
            if !workload.isEmpty {
                if !last.isEmpty, last.utf8.count <= 4, last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                    self.init(workload: workload, templateHash: nil, controller: .statefulSet)
                    return
                }
                // Five letters of an ordinary word pass for random ones ("redis-proxy" has vowels, "my-hbgwb"
                // does not): the alphabet has no vowels, which is what keeps words out.
                if isRandom {
                    self.init(workload: workload, templateHash: nil, controller: .replicated)
                    return
                }
            }
        }
        self.init(workload: name, templateHash: nil, controller: .none)
    }

    private init(workload: String, templateHash: String?, controller: Controller) {
        self.workload = workload
        self.templateHash = templateHash
        self.controller = controller
    }

    /// `bcdfghjklmnpqrstvwxz2456789`, the alphabet of the random tail.
    static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"),
            UInt8(ascii: "y"):
            false
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "2"), UInt8(ascii: "4")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// Six to ten characters of the safe alphabet with at least one digit, eight to ten hexadecimal digits
    /// (clusters before 1.8 or so), or ten characters of the safe alphabet whatever they are.
    static func isTemplateHash(_ text: Substring) -> Bool {
        let bytes = text.utf8
        let hasDigit = bytes.contains { (0x30...0x39).contains($0) }
        if (6...10).contains(bytes.count), bytes.allSatisfy(isSafe) { return hasDigit || bytes.count >= 8 }
        return (8...10).contains(bytes.count) && hasDigit
            && bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Unix minutes (8 digits) or Unix seconds (10 digits).
    static func isScheduledTime(_ text: Substring) -> Bool {
        (text.utf8.count == 8 || text.utf8.count == 10) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
