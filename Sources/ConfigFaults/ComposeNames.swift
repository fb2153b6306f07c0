import ConfigTree
import DeployModel

extension NameSpace {
    fileprivate static let service = NameSpace(language: .compose, words: "service", keys: ["services"])
    fileprivate static let network = NameSpace(language: .compose, words: "network", keys: ["networks"])
    fileprivate static let volume = NameSpace(language: .compose, words: "volume", keys: ["volumes"])
    fileprivate static let secret = NameSpace(language: .compose, words: "secret", keys: ["secrets"])
    fileprivate static let config = NameSpace(language: .compose, words: "config", keys: ["configs"])
    fileprivate static let all = [service, network, volume, secret, config]
}

/// The names that a compose file declares and uses.
///
/// The compose specification: services, networks, volumes, secrets and configs are named at the top level, in any of the files
/// that are laid over each other, and a service that names another one is refused ("depends on undefined service").
func composeNames(of file: ConfigFile, in folder: String) -> NamesOfFile {
    var names = NamesOfFile()
    names.isOpen = file.documents.contains { $0.problem != nil || $0.reading != .parsed }
    func declare(_ space: NameSpace, _ name: String) {
        names.declared.insert(DeclaredName(folder: folder, space: space, name: name))
    }
    for root in file.documents.compactMap(\.root) {
        // Files of the first version have services at the top level, and no names but theirs.
        guard let services = root["services"] else { continue }
        names.isOpen = names.isOpen || root["include"] != nil
        for space in NameSpace.all {
            for entry in root[space.keys[0]]?.entries ?? [] { declare(space, entry.key) }
        }
        declare(.network, "default")
        for service in services.entries {
            // One without an image is laid over another.
            guard service.value["extends"]?["file"] == nil,
                service.value["image"] != nil || service.value["build"] != nil
                    || service.value["extends"] != nil
            else { continue }
            addUses(of: service, folder, &names)
        }
    }
    return names
}

private func addUses(of service: ConfigNode.Entry, _ folder: String, _ names: inout NamesOfFile) {
    func use(_ space: NameSpace, _ name: String, at line: Int, _ words: String) {
        guard !name.isEmpty,
            name.utf8.allSatisfy({ $0.isWord || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
        else { return }
        names.uses.append(
            NameUse(
                name: DeclaredName(folder: folder, space: space, name: name), text: name, line: line,
                words: "\(service.key) \(words) \(name)"))
    }
    /// What stands in a list, or as the keys of a mapping.
    func each(_ key: String, _ body: (String, Int, ConfigNode) -> Void) {
        guard let node = service.value[key] else { return }
        for entry in node.entries { body(entry.key, entry.keyMark.line, entry.value) }
        for element in node.elements {
            let name = element.text ?? element["source"]?.text ?? ""
            body(name, (element["source"] ?? element).start.line, element)
        }
    }
    each("depends_on") { name, line, _ in use(.service, name, at: line, "depends on") }
    each("networks") { name, line, _ in use(.network, name, at: line, "is in network") }
    each("secrets") { name, line, _ in use(.secret, name, at: line, "is given secret") }
    each("configs") { name, line, _ in use(.config, name, at: line, "is given config") }
    each("links") { name, line, _ in
        use(.service, String(name.prefix { $0 != ":" }), at: line, "is linked to")
    }
    each("volumes") { name, line, element in
        let isVolume = element["type"].map { $0.text == "volume" } ?? name.contains(":")
        let own = String(name.prefix { $0 != ":" })
        // A single letter is a drive of Windows.
        guard isVolume, own.utf8.count > 1, !own.hasPrefix(".") else { return }
        use(.volume, own, at: line, "mounts volume")
    }
    for key in ["network_mode", "pid", "ipc"] {
        guard let mode = service.value[key], let text = mode.text, text.hasPrefix("service:") else {
            continue
        }
        use(.service, String(text.dropFirst(8)), at: mode.start.line, "shares what it has with")
    }
    if let base = service.value["extends"] {
        let node = base["service"] ?? base
        use(.service, node.text ?? "", at: node.start.line, "extends")
    }
}

/// What a service of a compose file may say: the compose specification, "Services top-level elements".
private let fieldsOfServices: Set = [
    "annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup", "cgroup_parent",
    "command",
    "configs", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period",
    "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "credential_spec", "depends_on", "deploy", "develop",
    "device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search", "domainname", "driver_opts",
    "entrypoint",
    "env_file", "environment", "expose", "extends", "external_links", "extra_hosts", "gpus", "group_add",
    "healthcheck", "hostname", "image", "init", "ipc", "isolation", "label_file", "labels", "links",
    "logging",
    "log_driver", "log_opt", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit",
    "models", "network_mode", "networks", "oom_kill_disable", "oom_score_adj", "pid", "pids_limit",
    "platform",
    "ports", "post_start", "pre_stop", "privileged", "profiles", "provider", "pull_policy",
    "pull_refresh_after", "read_only",
    "restart",
    "runtime", "scale", "secrets", "security_opt", "shm_size", "stdin_open", "stop_grace_period",
    "stop_signal",
    "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "use_api_socket", "user", "userns_mode", "uts",
    "volumes",
    "volumes_from", "volume_driver", "working_dir", "net", "dockerfile",
]

/// F11 and F5 of services: a field that none has, and a check of health that others wait for and that is gone.
func findServiceFaults(in change: inout FoundChange, after: Manifest) {
    guard change.path.count == 3, change.path[0] == .key("services"), let name = change.path.last?.name,
        after.reading == .parsed
    else { return }
    let service = change.path[1].name
    if change.change.before == nil, change.afterNode != nil, !fieldsOfServices.contains(name),
        !name.hasPrefix("x-"),
        !name.contains("{"), name != "<<"
    {
        change.findings.append(
            FaultFinding(
                .unknownField, weight: 0.8,
                "a service has no field `\(name)`: Docker Compose refuses the file"))
    }
    guard name == "healthcheck", change.change.after == nil else { return }
    // Another file may say it, of which this one is laid over or under.
    guard !after.path.lowercased().holds("override"), after.root["services"]?.entries.count ?? 0 <= 300 else {
        return
    }
    let waiting = (after.root["services"]?.entries ?? []).filter {
        $0.value["depends_on"]?[service]?["condition"]?.text == "service_healthy"
    }
    guard let first = waiting.first, let condition = first.value["depends_on"]?[service]?["condition"] else {
        return
    }
    let more = waiting.count > 1 ? " and \(waiting.count - 1) more wait" : " waits"
    change.findings.append(
        FaultFinding(
            .danglingReference, weight: 0.8,
            "\(first.key) (line \(condition.start.line))\(more) until \(service) is healthy, which nothing tells now unless its image does"
        ))
}
