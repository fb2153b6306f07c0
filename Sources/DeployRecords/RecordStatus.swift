/// What became of a deploy.
enum RecordStatus: Equatable {
    /// It took effect, or is about to.
    case deployed
    /// It did not take effect, took effect in part, or was called off.
    case failed
    /// It has not begun.
    case pending
    /// A word that is in no list.
    case unknown(String)

    /// What a word says, whatever its case and however its parts are joined; nothing said is deployed.
    init(_ word: String?) {
        guard let word, !word.isEmpty else {
            self = .deployed
            return
        }
        let normal = word.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
        if Self.deployedWords.contains(normal) {
            self = .deployed
        } else if Self.failedWords.contains(normal) {
            self = .failed
        } else {
            self = Self.pendingWords.contains(normal) ? .pending : .unknown(word)
        }
    }

    private static let deployedWords: Set<String> = [
        "success", "succeeded", "successful", "passed", "pass", "deployed", "superseded", "complete",
        "completed", "active", "inactive", "healthy", "ok", "done", "finished", "live", "released", "true",
        "running", "inprogress", "progressing", "started", "primary", "unstable", "failedcontinue", "baking",
        "ready", "pendingupgrade", "pendinginstall", "pendingrollback", "uninstalled", "uninstalling",
        "neutral", "partiallysucceeded", "paused", "suspended",
    ]
    private static let failedWords: Set<String> = [
        "failure", "failed", "fail", "failing", "error", "errored", "terminal", "degraded", "aborted",
        "timedout", "rejected", "cancelled", "canceled", "canceling", "skipped", "stopped", "false",
        "expired",
        "terminating", "notbuilt", "unauthorized", "stoprequested", "rollbackrequested", "rollbackinprogress",
        "rollbacksuccessful", "rollbackfailed", "startupfailure", "stale",
    ]
    private static let pendingWords: Set<String> = [
        "pending", "queued", "waiting", "created", "blocked", "scheduled", "requested", "notstarted",
        "buffered", "notrun", "onhold", "initializing", "building", "unblocking", "actionrequired", "draft",
    ]
}
