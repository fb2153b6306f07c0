import DeployModel
import TestSupport
import Testing

private let module: [String: String] = [
    "main.tf": """
    locals {
      port = 8080
    }
    module "cache" {
      source = "./modules/cache"
      size   = var.size
      tags   = "${local.port}-${var.stage}"
    }
    resource "aws_s3_bucket" "logs" {
      bucket = var.stage
    }
    output "address" {
      value = module.cache.address
    }

    """,
    "variables.tf": """
    variable "size" {
      type = number
    }
    variable "stage" {
      type    = string
      default = "qa"
    }

    """,
    "modules/cache/main.tf": """
    variable "size" {
      type = number
    }
    variable "tags" {
      default = ""
    }
    output "address" {
      value = "cache:${var.size}"
    }

    """,
]

private let services: [String: String] = [
    "docker-compose.yml": """
    services:
      web:
        image: shop/web:1
        depends_on: [db]
        volumes:
          - data:/data
          - ./conf:/conf
        networks: [back]
        secrets: [key]
      db:
        image: postgres:15
        network_mode: service:web
    volumes:
      data:
    networks:
      back:
    secrets:
      key: {file: key.txt}

    """
]

@Suite("Names that nobody declares")
struct UndeclaredNameTests {
    @Test(
        "Terraform stops at a name that its module does not declare",
        arguments: [
            (
                Edit("main.tf", "= var.size", "= var.sizes"), "main.tf:6",
                "this module declares no variable sizes; there is size",
                "write var.size instead of var.sizes at main.tf:6"
            ),
            (
                Edit("main.tf", "${local.port}", "${local.prot}"), "main.tf:7",
                "this module declares no local value prot; there is port",
                "write local.port instead of local.prot at main.tf:7"
            ),
            (
                Edit("main.tf", "module.cache.address", "module.cash.address"), "main.tf:13",
                "this module declares no module cash",
                "write module.cache instead of module.cash at main.tf:13"
            ),
            (
                Edit("main.tf", "cache.address", "cache.adress"), "main.tf:13",
                "modules/cache declares no output adress; there is address",
                "write module.cache.address instead of module.cache.adress at main.tf:13"
            ),
            (
                Edit("main.tf", "  size   =", "  sizes  ="), "main.tf:6",
                "modules/cache declares no variable sizes; there is size",
                "write size instead of sizes at main.tf:6"
            ),
            (
                Edit("variables.tf", "variable \"stage\"", "variable \"environment\""), "variables.tf:3",
                "var.stage is used (main.tf:10), and this module declares no such variable any more",
                "write var.environment instead of var.stage at main.tf:7 and main.tf:10"
            ),
        ] as [(Edit, String, String, String)])
    func terraform(edit: Edit, place: String, text: String, mend: String) throws {
        let said = try Said(module, edit)
        #expect(said.first.hasPrefix("\(place) dangling-reference"), "\(said.first)")
        #expect(said.first.contains(text), "\(said.first)")
        if !text.contains("var.stage is used") || said.mend != nil { #expect(said.mend == mend) }
        #expect(said.highest > 80)
    }

    @Test("a variable of a module without a default is missed where it is not given")
    func required() throws {
        let added = try Said(
            module,
            Edit(
                "modules/cache/main.tf", "variable \"tags\" {", "variable \"zone\" {\n}\nvariable \"tags\" {")
        )
        #expect(
            added.first.contains("module cache (main.tf:4) does not give the variable zone"), "\(added.first)"
        )
        let removed = try Said(module, Edit("main.tf", "  size   = var.size\n", ""))
        #expect(removed.texts.contains { $0.contains("does not give the variable size") }, "\(removed.texts)")
    }

    @Test(
        "what is declared, renamed on both sides or only spoken of is not missed",
        arguments: [
            [Edit("main.tf", "var.size", "var.room"), Edit("variables.tf", "\"size\"", "\"room\"")],
            [Edit("main.tf", "bucket = var.stage", "bucket = \"var.stag\"")],
            [Edit("main.tf", "bucket = var.stage", "bucket = [for name in [\"a\"] : name][0]")],
            [Edit("main.tf", "bucket = var.stage", "bucket = \"$${var.stag}\"")],
            [Edit("main.tf", "bucket = var.stage", "bucket = each.value.var.stag")],
            [
                Edit(
                    "main.tf", "output \"address\"",
                    "moved {\n  from = module.old\n  to = module.cache\n}\noutput \"address\"")
            ],
            [Edit("main.tf", "bucket = var.stage", "bucket = base64encode(<<-EOT\nlocal.domain\nEOT\n)")],
            [Edit("main.tf", "bucket = var.stage", "bucket = [for module in [] : module.name]")],
        ])
    func declared(edits: [Edit]) throws {
        var files = module
        for edit in edits { files[edit.path] = files[edit.path]?.replacing(edit.old, with: edit.new) }
        let changes = try ranked(FolderOfTexts(module), FolderOfTexts(files))
        #expect(!changes.contains { $0.fault == "dangling-reference" }, "\(changes.map(\.evidence))")
    }

    @Test("a name that was used without a declaration before comes from elsewhere, and so may the new one")
    func usual() throws {
        let files = ["a.tf": "locals {\n  a = var.outer\n  b = 1\n}\nvariable \"inner\" {}\n"]
        let said = try Said(files, Edit("a.tf", "b = 1", "b = var.other"))
        #expect(!said.texts.contains { $0.contains("declares no") }, "\(said.texts)")
    }

    @Test("a name that a folder beside it declares may come in through a link")
    func linked() throws {
        var files = module
        files["common/variables.tf"] = "variable \"region\" {}\n"
        let said = try Said(files, Edit("main.tf", "bucket = var.stage", "bucket = var.region"))
        #expect(!said.texts.contains { $0.contains("declares no") }, "\(said.texts)")
    }

    @Test(
        "Docker Compose stops at a name that no file of the folder has",
        arguments: [
            (
                "[db]", "[database]", "web depends on database",
                "write db instead of database at docker-compose.yml:4"
            ),
            (
                "- data:", "- date:", "web mounts volume date",
                "write data instead of date at docker-compose.yml:6"
            ),
            (
                "[back]", "[front]", "web is in network front",
                "write back instead of front at docker-compose.yml:8"
            ),
            ("[key]", "[kye]", "web is given secret kye", nil),
            ("service:web", "service:wbe", "db shares what it has with wbe", nil),
            (
                "volumes:\n  data:", "volumes:\n  other:", "web mounts volume data (docker-compose.yml:6)",
                "write other instead of data at docker-compose.yml:6"
            ),
        ] as [(String, String, String, String?)])
    func compose(old: String, new: String, text: String, mend: String?) throws {
        let said = try Said(services, Edit("docker-compose.yml", old, new))
        #expect(said.first.contains("dangling-reference") && said.first.contains(text), "\(said.first)")
        if let mend { #expect(said.mend == mend) }
    }

    @Test("a compose file may be laid over one of another folder")
    func composeFolders() throws {
        var files = services
        files["prod/docker-compose.yml"] = "services:\n  api:\n    image: a:1\n    depends_on: [api]\n"
        let said = try Said(files, Edit("prod/docker-compose.yml", "[api]", "[db]"))
        #expect(!said.texts.contains { $0.contains("the compose files here") }, "\(said.texts)")
    }

    @Test(
        "what an override brings, a path and a variable are not missed",
        arguments: [
            ("docker-compose.yml", "[db]", "[db, cache]"), ("docker-compose.yml", "- data:", "- ../data:"),
            ("docker-compose.yml", "- data:", "- ${DATA}:"),
            ("docker-compose.yml", "[back]", "[back, default]"),
        ])
    func composeDeclared(path: String, old: String, new: String) throws {
        var files = services
        files["docker-compose.override.yml"] = "services:\n  cache:\n    image: redis:7\n"
        let said = try Said(files, Edit(path, old, new))
        #expect(!said.texts.contains { $0.contains("the compose files here") }, "\(said.texts)")
    }
}
