import ConfigTree
import DeployModel

/// An image whose tag changes.
struct ImageBump {
    /// What it may be called, the surest name first.
    var names: [String]
    var old: String
    var new: String

    /// - Parameters:
    ///   - change: of `image`, or of a tag that stands by itself: `newTag` of Kustomize, `tag` of a chart's values.
    ///   - roots: the objects of its file after the change.
    init?(_ change: FoundChange, roots: [Manifest]) {
        guard let before = change.beforeNode?.text, let after = change.afterNode?.text,
            let field = change.path.last?.name.lowercased()
        else { return nil }
        switch field {
        case "image":
            let (old, new) = (imageParts(before), imageParts(after))
            (self.old, self.new) = (old.tag, new.tag)
            names = [new.name]
        case "newtag", "tag", "imagetag", "image_tag":
            (old, new) = (before, after)
            names = Self.names(beside: change, roots: roots)
        default: return nil
        }
        guard old != new else { return nil }
    }

    /// What stands beside a tag, else what it stands in.
    private static func names(beside change: FoundChange, roots: [Manifest]) -> [String] {
        let parentPath = change.path.dropLast()
        let object = change.change.object
        let manifest = roots.first { $0.object.kind == object?.kind && $0.object.name == object?.name }
        let parent = manifest?.root.node(at: parentPath)
        let beside = ["newName", "repository", "imageRepository", "image", "name"].compactMap {
            parent?[$0]?.text
        }
        let generic: Set = ["image", "images", "spec", "values", "global"]
        let above = parentPath.reversed().map(\.name).filter { !generic.contains($0.lowercased()) }
        return beside.map { imageParts($0).name } + above
    }
}

/// Which repository an image was built in.
///
/// Of several names the one that says most of the image's end counts: `shop/api` before `api`. A name may also be another part
/// of the image, as the repository of several programs is: `shop` of `registry.example/shop/api`.
func repository(of names: [String], among code: [any CodeRepository]) -> (any CodeRepository)? {
    for name in names {
        let image = imagePath(name)
        guard !image.isEmpty else { continue }
        let byEnd = code.filter { image.suffix(imagePath($0.name).count).elementsEqual(imagePath($0.name)) }
        if let best = byEnd.max(by: { imagePath($0.name).count < imagePath($1.name).count }) { return best }
        let byPart = code.filter { repository in
            let wanted = imagePath(repository.name)
            return image.indices.contains { image[$0...].starts(with: wanted) }
        }
        if byPart.count == 1 { return byPart[0] }
    }
    return nil
}

/// The parts of an image's name; hyphens, underscores and capitals do not matter.
private func imagePath(_ name: String) -> [String] {
    name.split(separator: "/").map { $0.lowercased().replacing("_", with: "-") }
}
