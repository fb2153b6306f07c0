import ConfigTree

/// The file with other lines.
func reparsed(_ lines: [String], as file: ConfigFile) -> ConfigFile? {
    parseConfig(path: file.path, contents: Array((lines.joined(separator: "\n") + "\n").utf8))
}
