import ConfigTree
import DeployModel
import Foundation
import Kustomize
import TestSupport
import Testing

/// The kustomizations of `Fixtures/kustomize`, each in a style of its own; `expected` holds what kustomize 5.5 prints for them.
private let kustomizations = [
    "shop/base", "shop/overlays/prod", "shop/overlays/staging", "layers/base", "layers/region", "layers/prod",
    "twice/all", "components/prod", "merge/overlay", "json/overlay", "vars/overlay", "replacements/base",
    "replacements/overlay", "names/overlay", "forms",
]

private let root = "\(packageRoot)/Fixtures/kustomize"

private let folder: FolderOfTexts = {
    let paths = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
    return FolderOfTexts(
        Dictionary(
            uniqueKeysWithValues: paths.compactMap { path in
                (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)).map { (path, $0) }
            }))
}()

private func expectedText(_ name: String) throws -> String {
    String(decoding: try fixture("kustomize/expected/\(name.replacing("/", with: "-")).yaml"), as: UTF8.self)
}

/// The objects of a text that kustomize printed.
private func objects(printed text: String) throws -> [RenderedObject] {
    let tree: FolderOfTexts = ["kustomization.yaml": "resources: [all.yaml]", "all.yaml": text]
    let rendering = try #require(try KustomizeRenderer(tree).render(""))
    #expect(rendering.isComplete)
    return rendering.objects
}

/// Texts in which the hash of generated names is left out.
private struct WithoutHashes {
    private let names: Set<String>

    init(_ rendering: Rendering) {
        names = Set(rendering.objects.filter(\.hasHash).map(\.identity.name))
    }

    func callAsFunction(_ text: String) -> String {
        let tail = text.suffix(11)
        let isHash =
            tail.first == "-" && tail.count == 11
            && tail.dropFirst().allSatisfy { "2456789bcdfghkmt".contains($0) }
        let name = String(text.dropLast(11))
        return isHash && names.contains(name) ? name : text
    }
}

/// A tree as a text: what is quoted is told from what is a number, a boolean or nothing.
private func described(_ tree: RenderedTree, _ withoutHash: (String) -> String) -> String {
    switch tree.content {
    case .scalar(let scalar):
        let isTyped =
            scalar.style == .plain
            && (Double(scalar.text) != nil || ["true", "false", "null", "~", ""].contains(scalar.text))
        return isTyped ? scalar.text : "'\(withoutHash(scalar.text))'"
    case .sequence(let elements):
        return "[\(elements.map { described($0, withoutHash) }.joined(separator: ", "))]"
    case .mapping(let fields):
        let entries = fields.sorted { $0.key < $1.key }.map {
            "\($0.key): \(described($0.value, withoutHash))"
        }
        return "{\(entries.joined(separator: ", "))}"
    }
}

private func described(_ objects: [RenderedObject], _ withoutHash: (String) -> String) -> [String] {
    objects.map { described($0.tree, withoutHash) }.sorted()
}

/// Whether the `kubectl` that is here knows components, labels and patches as objects.
private let hasModernKubectl =
    (try? run("kubectl", ["kustomize", "components/prod"], in: root).status) == 0

@Suite("Kustomizations are rendered as kustomize does it")
struct OracleTests {
    @Test("the objects are those that kustomize prints", arguments: kustomizations)
    func rendered(name: String) throws {
        let rendering = try #require(try KustomizeRenderer(folder).render(name))
        #expect(
            rendering.problems.isEmpty && rendering.gaps.isEmpty, "\(rendering.problems) \(rendering.gaps)")
        let withoutHash = WithoutHashes(rendering)
        let theirs = described(try objects(printed: expectedText(name)), withoutHash.callAsFunction)
        let ours = described(rendering.objects, withoutHash.callAsFunction)
        for (our, their) in zip(ours, theirs) { #expect(our == their) }
        #expect(ours.count == theirs.count)
    }

    @Test(
        "the containers have the environment that follows from what kustomize prints",
        arguments: kustomizations)
    func environments(name: String) throws {
        let rendering = try #require(try KustomizeRenderer(folder).render(name))
        let ours = environments(of: rendering.objects)
        let theirs = environments(of: try objects(printed: expectedText(name)))
        #expect(ours == theirs)
    }

    @Test(
        "kustomize prints what is kept as expected",
        .enabled(
            if: hasModernKubectl,
            "no kubectl with kustomize 4.5 or later is installed: the kept results were not compared with it"),
        arguments: kustomizations)
    func live(name: String) throws {
        let printed = try run("kubectl", ["kustomize", name], in: root)
        #expect(printed.status == 0, "\(printed.errors)")
        let (now, kept) = (try objects(printed: printed.output), try objects(printed: expectedText(name)))
        #expect(described(now) { $0 } == described(kept) { $0 })
    }

    /// The variables of each container, by workload and container.
    private func environments(of objects: [RenderedObject]) -> [String: [String: VariableValue]] {
        let resolver = EnvironmentResolver(objects)
        var found: [String: [String: VariableValue]] = [:]
        for object in objects {
            for container in object.containers {
                let identity = object.identity
                let key = "\(identity.kind)/\(identity.name)/\(container["name"]?.text ?? "")"
                found[key] = resolver.environment(of: container, namespace: identity.namespace).mapValues(
                    \.value)
            }
        }
        return found
    }
}
