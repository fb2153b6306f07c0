import ConfigTree
import DeployModel
import GitHistory

/// The CI that runs this program, as its environment says.
struct ContinuousIntegration {
    /// The systems that are known, in the order that they are looked for: some set variables of others as well.
    enum System: String, CaseIterable {
        case github = "GitHub Actions"
        case gitlab = "GitLab CI"
        case circle = "CircleCI"
        case buildkite = "Buildkite"
        case azure = "Azure Pipelines"
        case teamcity = "TeamCity"
        case bitbucket = "Bitbucket Pipelines"
        case woodpecker = "Woodpecker"
        case drone = "Drone"
        case codebuild = "AWS CodeBuild"
        case travis = "Travis CI"
        case jenkins = "Jenkins"

        /// The variable that says so, and what it says; `nil` for anything.
        fileprivate var sign: (variable: String, value: String?) {
            switch self {
            case .github: ("GITHUB_ACTIONS", "true")
            case .gitlab: ("GITLAB_CI", "true")
            case .circle: ("CIRCLECI", "true")
            case .buildkite: ("BUILDKITE", "true")
            case .azure: ("TF_BUILD", "true")
            case .teamcity: ("TEAMCITY_VERSION", nil)
            case .bitbucket: ("BITBUCKET_BUILD_NUMBER", nil)
            case .woodpecker: ("CI_SYSTEM_NAME", "woodpecker")
            case .drone: ("DRONE", "true")
            case .codebuild: ("CODEBUILD_BUILD_ID", nil)
            case .travis: ("TRAVIS", "true")
            case .jenkins: ("JENKINS_URL", nil)
            }
        }

        /// How a clone with the whole history is asked for.
        fileprivate var deepening: String {
            switch self {
            case .github: "give actions/checkout `fetch-depth: 0`"
            case .gitlab: "set the variable GIT_DEPTH to 0"
            case .azure: "give the checkout step `fetchDepth: 0`"
            case .bitbucket: "set `clone: depth: full`"
            case .travis: "set `git: depth: false`"
            default: "run git fetch --unshallow before"
            }
        }

        /// The format that its log is read for. The others take files, or what is piped to their programs.
        var format: OutputFormat? {
            switch self {
            case .github: .github
            case .azure: .azure
            case .teamcity: .teamcity
            default: nil
            }
        }
    }

    /// What a build is about: everything since it left a commit or a branch.
    struct Change: Equatable {
        enum Base: Equatable {
            case commit(String)
            case branch(String)
        }
        var base: Base
        var head: String
    }

    /// Which one it is.
    let system: System
    private let environment: (String) -> String?

    /// The CI that an environment speaks of, or `nil`.
    init?(environment: @escaping (String) -> String?) {
        let found = System.allCases.first { system in
            let (variable, value) = system.sign
            guard let set = environment(variable), !set.isEmpty else { return false }
            return value.map { $0 == set.lowercased() } ?? true
        }
        guard let found else { return nil }
        system = found
        self.environment = environment
    }

    /// What the build is about, where its variables say so: the commits of a pull request, or of a push.
    ///
    /// - Throws: when GitHub's event cannot be read.
    func change() throws -> Change? {
        switch system {
        case .github: return try changeOnGitHub()
        case .gitlab:
            if let base = set("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") ?? set("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
                return Change(
                    base: .commit(base),
                    head: set("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") ?? head("CI_COMMIT_SHA"))
            }
            return push(
                from: set("CI_COMMIT_BEFORE_SHA"), to: head("CI_COMMIT_SHA"), branch: set("CI_COMMIT_BRANCH"),
                mainBranch: set("CI_DEFAULT_BRANCH"))
        case .circle: return nil
        case .buildkite:
            let target = set("BUILDKITE_PULL_REQUEST_BASE_BRANCH")
            return push(
                from: nil, to: head("BUILDKITE_COMMIT"),
                branch: target == nil ? set("BUILDKITE_BRANCH") : nil,
                mainBranch: target ?? set("BUILDKITE_PIPELINE_DEFAULT_BRANCH"))
        case .azure:
            return request(
                into: set("SYSTEM_PULLREQUEST_TARGETBRANCH"),
                head: set("SYSTEM_PULLREQUEST_SOURCECOMMITID") ?? head("BUILD_SOURCEVERSION"))
        case .teamcity: return nil
        case .bitbucket:
            return push(from: set("BITBUCKET_PR_DESTINATION_COMMIT"), to: head("BITBUCKET_COMMIT"))
        case .woodpecker:
            return request(into: set("CI_COMMIT_TARGET_BRANCH"), head: head("CI_COMMIT_SHA"))
                ?? push(from: set("CI_PREV_COMMIT_SHA"), to: head("CI_COMMIT_SHA"))
        case .drone: return push(from: set("DRONE_COMMIT_BEFORE"), to: head("DRONE_COMMIT_SHA"))
        case .codebuild:
            return request(
                into: set("CODEBUILD_WEBHOOK_BASE_REF"), head: head("CODEBUILD_RESOLVED_SOURCE_VERSION"))
        case .travis:
            let range = set("TRAVIS_COMMIT_RANGE")
            return push(
                from: range.map { String($0.prefix { $0 != "." }) },
                to: set("TRAVIS_PULL_REQUEST_SHA") ?? head("TRAVIS_COMMIT"))
        case .jenkins:
            return request(into: set("CHANGE_TARGET"), head: head("GIT_COMMIT"))
                ?? push(
                    from: set("GIT_PREVIOUS_SUCCESSFUL_COMMIT") ?? set("GIT_PREVIOUS_COMMIT"),
                    to: head("GIT_COMMIT"))
        }
    }

    /// The commit checked out for a pull request is a merge that GitHub made up, so its ends are read from the event.
    private func changeOnGitHub() throws -> Change? {
        guard let path = set("GITHUB_EVENT_PATH") else { return nil }
        let event: ConfigNode
        do {
            event = try parseJSON(try readFile(path))
        } catch let failure as ParseFailure {
            throw CommandError(
                "GITHUB_EVENT_PATH does not hold the event of this run: \(failure)", at: path,
                remedy: "name the range: blamedeploy lint A..B")
        }
        if let base = text(event[path: "pull_request", "base", "sha"]),
            let head = text(event[path: "pull_request", "head", "sha"])
        {
            return Change(base: .commit(base), head: head)
        }
        if let base = text(event[path: "merge_group", "base_sha"]),
            let head = text(event[path: "merge_group", "head_sha"])
        {
            return Change(base: .commit(base), head: head)
        }
        guard let before = text(event["before"]) else { return nil }
        return push(
            from: before, to: head("GITHUB_SHA"), branch: set("GITHUB_REF_NAME"),
            mainBranch: text(event[path: "repository", "default_branch"]))
    }

    /// The commits of a push; of a new branch, those since it left the main one. Forty zeros mean that there was nothing before.
    private func push(
        from base: String?, to head: String, branch: String? = nil, mainBranch: String? = nil
    ) -> Change? {
        if let base, base.contains(where: { $0 != "0" }) { return Change(base: .commit(base), head: head) }
        guard let mainBranch, branch != mainBranch else { return nil }
        return Change(base: .branch(mainBranch), head: head)
    }

    private func request(into branch: String?, head: String) -> Change? {
        guard let branch else { return nil }
        let prefix = "refs/heads/"
        return Change(
            base: .branch(branch.hasPrefix(prefix) ? String(branch.dropFirst(prefix.count)) : branch),
            head: head)
    }

    private func set(_ variable: String) -> String? {
        environment(variable).flatMap { $0.isEmpty ? nil : $0 }
    }

    private func head(_ variable: String) -> String { set(variable) ?? "HEAD" }

    private func text(_ node: ConfigNode?) -> String? { node?.text.flatMap { $0.isEmpty ? nil : $0 } }

    /// The two ends of what the build is about: where it left its base, and its own head.
    ///
    /// - Throws: when the build says nothing of the kind, or the clone lacks what it names. Nothing is guessed.
    func range(in repository: Repository) throws -> (from: CommitID, to: CommitID) {
        guard let change = try change() else {
            throw CommandError(
                "\(system.rawValue) does not say what this build changes, and nothing is staged",
                remedy: "name a revision or a range: blamedeploy lint A..B")
        }
        let head = try find(change.head, in: repository, what: "the head of this build")
        let base: CommitID
        switch change.base {
        case .commit(let id): base = try find(id, in: repository, what: "the base of this build")
        case .branch(let name):
            if let known = try? repository.resolve("refs/remotes/origin/\(name)") {
                base = known
            } else {
                base = try find(
                    "refs/heads/\(name)", in: repository, what: "the branch that this build is set against")
            }
        }
        guard let from = try repository.mergeBase(base, head) else {
            throw CommandError(
                "no commit that \(base.abbreviated) and \(head.abbreviated) both come from is in this clone",
                at: repository.path, remedy: "fetch the whole history: \(system.deepening)")
        }
        return (from, head)
    }

    private func find(_ revision: String, in repository: Repository, what: String) throws -> CommitID {
        do {
            return try repository.resolve(revision)
        } catch {
            guard error.code == .unknownRevision else { throw error }
            throw CommandError(
                "\(what), \(revision), is not in this clone", at: repository.path,
                remedy: "fetch the whole history: \(system.deepening)")
        }
    }
}
