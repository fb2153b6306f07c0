import ConfigTree
import DeployModel

/// F5, F15 and F25 of charts that are configured by maps of named parts, as `app-template` is: a part that names a controller or a
/// service which the same values do not have.
///
/// Source: the values of bjw-s-labs/helm-charts, `common` library, "controllers", "service", "persistence" and "route".
func findUnknownIdentifiers(in change: inout FoundChange, of object: JudgedObject?) {
    guard let object, object.after.reading == .parsed, change.afterNode != nil, !object.after.isTemplate
    else { return }
    let root = object.after.root
    // Values of another file are laid over these, or under them.
    let file = object.after.path.split(separator: "/").last ?? ""
    guard
        object.kind == "HelmRelease"
            ? root[path: "spec", "valuesFrom"] == nil : file == "values.yaml" || file == "values.yml"
    else { return }
    guard
        let values = [root[path: "spec", "values"], root["app-template"], root].lazy.compactMap({ $0 }).first(
            where: { $0["controllers"]?.entries.isEmpty == false }),
        values["controllers"]?.entries.allSatisfy({ $0.value.scalar == nil && !$0.key.contains("{") })
            ?? false
    else { return }
    let lines = change.change.line...max(change.change.line, change.change.endLine)
    let controllers = Set(values["controllers"]?.entries.map(\.key) ?? [])
    let services = Set(values["service"]?.entries.map(\.key) ?? [])
    guard controllers.count + services.count <= 60 else { return }
    var found: FaultFinding?
    func judge(_ name: String, _ line: Int, among known: Set<String>, _ noun: String) {
        guard found == nil, lines.contains(line), !known.isEmpty, !known.contains(name), !name.contains("{")
        else { return }
        let all = known.sorted().prefix(4).joined(separator: ", ")
        found = FaultFinding(
            .danglingReference, weight: 0.8, "these values have no \(noun) \(name); they have \(all)")
        found?.line = line
    }
    func isOff(_ part: ConfigNode.Entry) -> Bool { part.value["enabled"]?.text == "false" }
    for part in values["service"]?.entries ?? [] where !isOff(part) {
        if let named = part.value["controller"], let name = named.text {
            judge(name, named.start.line, among: controllers, "controller")
        }
    }
    for part in values["persistence"]?.entries ?? [] where !isOff(part) {
        for mount in part.value["advancedMounts"]?.entries ?? [] {
            judge(mount.key, mount.keyMark.line, among: controllers, "controller")
        }
    }
    func search(_ node: ConfigNode, _ depth: Int) {
        guard depth < 8, node["enabled"]?.text != "false" else { return }
        if let named = node["identifier"], let name = named.text,
            node["identifier"]?.scalar?.isTemplated == false
        {
            judge(name, named.start.line, among: services, "service")
        }
        for entry in node.entries where entry.value.scalar == nil { search(entry.value, depth + 1) }
        for element in node.elements { search(element, depth + 1) }
    }
    for part in ["ingress", "route", "serviceMonitor"] {
        if let node = values[part] { search(node, 0) }
    }
    if let found { change.findings.append(found) }
}
