import ConfigTree
import DeployModel
import Kustomize

/// F5: a patch whose container is called otherwise where it is defined, so that the patch makes a second one.
func findStrayContainers(in changes: inout [FoundChange], overlays: Overlays) {
    var told: Set<Occurrence> = []
    for overlay in overlays.all {
        guard let rendering = overlay.after.rendering else { continue }
        for object in overlay.after.objects where object.podSpec != nil {
            let former = overlay.before.object(object.identity)
            for container in object.containers {
                guard
                    let stray = StrayContainer(
                        container, of: object, former: former, isWhole: rendering.gaps.isEmpty),
                    told.insert(stray.place).inserted
                else { continue }
                let isMoved = changes.contains { $0.brings(stray.place) }
                guard !stray.hasImage || !isMoved else { continue }
                blame(at: stray.place, stray.finding, in: &changes) { $0.renames(container: stray.name) }
            }
        }
    }
}

/// A container that only a patch speaks of.
private struct StrayContainer {
    var name: String
    /// Where the patch names it.
    var place: Occurrence
    var hasImage: Bool
    private var object: ObjectIdentity
    /// Whether the patch was for a container of that name before.
    private var wasThere: Bool

    /// - Parameters:
    ///   - former: the object before the change.
    ///   - isWhole: whether all that may have a say in it was read.
    /// - Returns: `nil` for one that is whole, or that was as it is before.
    init?(_ container: RenderedTree, of object: RenderedObject, former: RenderedObject?, isWhole: Bool) {
        guard let name = container["name"], let text = name.text, name.origin.path != object.origin.path
        else { return nil }
        let hasImage = !(container["image"]?.text ?? "").isEmpty
        let old = former?.containers.first { $0["name"]?.text == text }
        let oldName = old?["name"]
        // Of a container that is merged, the name stands where it is defined, and not in the patch.
        wasThere = oldName.map { $0.origin.path != name.origin.path } ?? false
        if hasImage {
            guard wasThere else { return nil }
        } else {
            let lackedImage = old.map { ($0["image"]?.text ?? "").isEmpty } ?? false
            guard !lackedImage, wasThere || isWhole else { return nil }
        }
        self.name = text
        self.hasImage = hasImage
        self.object = object.original
        place = name.origin
    }

    var finding: FaultFinding {
        let gone = wasThere ? "which is not there any more" : "which is not there"
        let result =
            hasImage
            ? "it makes a second container"
            : "it makes a second container without an image, which the API server refuses"
        return FaultFinding(
            .danglingReference,
            "it is for container \(name) of \(object.kind) \(object.name), \(gone): \(result)")
    }
}

extension FoundChange {
    /// Whether a line of a file is new or another by it.
    fileprivate func brings(_ place: Occurrence) -> Bool {
        change.path == place.path && differingLines.after.contains { $0.contains(place.line) }
    }

    /// Whether it takes away a container of a name.
    fileprivate func renames(container name: String) -> Bool {
        guard afterNode == nil, case .element(name)? = path.last else { return false }
        return ["containers", "initContainers"].contains(path.dropLast().last?.name ?? "")
    }
}
