#!/usr/bin/env python3
"""Plants one configuration fault among innocent changes, and scores where the diff of the released binary ranks it.

  fault_benchmark.py --binary .build/release/blamedeploy [--seed 1] [--per-class 5] [--classes F1,F5,reformat]
                     [--keep DIR] [--out FILE] [--jobs 2]

Every case is a generated repository of two commits. The second one holds a fault of one class of CLASSES and some
decoys: labels, comments, keys in another order, a variable that comes, goes or is renamed with its reader, more
replicas, a new workload, sources, a test overlay. The layout (one of BUILDERS) and the variant of the fault turn with
the number of the case; names, values, styles and decoys come from the seed. A reported change is the planted one when
its path is the same and it covers the planted line (or lies next to it, when no change covers it); for what was
removed, when it names the field that is gone.

The cases of INNOCENT hold no fault at all: for these the highest score of any change is reported, and should not be
above 20. Needs Python 3.10 and git; nothing outside a temporary folder (or DIR) is written.
"""
import argparse
import base64
import collections
import concurrent.futures
import copy
import dataclasses
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import tempfile

CLASSES = {
    "F1": "a key twice in one mapping; the last one wins",
    "F2": "one of several equal workloads gets a value of its own",
    "F3": "a block is removed from all siblings, but for one line of it in one of them",
    "F4": "two variables read the same secret entry",
    "F5": "a reference to a Secret, a ConfigMap or a key of it that is not defined",
    "F6": "a variable is renamed in the configuration only",
    "F7": "a variable is removed that the code still reads",
    "F8": "the code newly reads a variable that nothing defines",
    "F10": "an override is removed, and a placeholder of envFrom shows through",
    "F11": "a block slips to another level by its indentation",
    "F12": "a field is mistyped",
    "F13": "a string loses its quotes and is another type now",
    "F14": "a selector no longer matches the labels",
    "F15": "the chain of ports is broken",
    "F16": "a probe is tightened, moved or removed",
    "F17": "the memory limit is lowered, or its unit slips",
    "F18": "the CPU limit is lowered",
    "F19": "an image: latest, a branch, an older version, another repository",
    "F20": "fewer replicas, or an autoscaler that contradicts itself",
    "F21": "a timeout, a pool, retries or a lifetime are changed by far",
    "F22": "a feature flag is flipped",
    "F23": "the scheme, host, port or path of an address is changed",
    "F24": "production gets the value of staging",
    "F25": "a volume or a mount is removed, or its path changed",
    "F26": "the command or its arguments are changed",
    "F27": "certificates: another authority or secret, or no verification",
    "F28": "a NetworkPolicy lets less through",
    "F29": "a permission or a service account is gone or changed",
    "F30": "an Ingress gets another path, host, class or annotation",
    "F31": "pods may be scheduled in fewer places",
    "F32": "the security context is tightened",
    "F33": "a value in a file embedded in a ConfigMap is changed",
    "F34": "a ConfigMap read by variables is changed, and nothing restarts",
    "F35": "rollout: more pods down at a time, less grace, no preStop hook",
    "F36": "Terraform: smaller, fewer, shut off or short-lived",
    "F37": "compose and .env: a variable is gone or unset, ports or volumes differ; $(X) of no variable",
    "F38": "TOML, JSON, INI, properties: doubled keys, moved sections, other types",
    "F39": "a file no longer parses",
    "F40": "a placeholder is left in a real file",
    "F41": "a credential has another value",
    "F42": "a schedule, its time zone or its concurrency is changed",
    "F44": "markers of an unfinished merge",
}
INNOCENT = {
    "reformat": "another indentation",
    "reorder": "keys in another order",
    "anchors": "repeated blocks become anchors and aliases",
    "quotes": "other quotes, or none",
    "comments": "comments come and go",
    "rename": "a variable renamed in configuration and code",
    "removal": "a variable removed from configuration and code",
}
HIGHEST_INNOCENT_SCORE = 20

PLAIN, TEMPLATE, HELM, KUSTOMIZE, MULTI = "plain", "template", "helm", "kustomize", "multi-document"
COMPOSE, TERRAFORM = "compose", "terraform"
KUBERNETES = (PLAIN, TEMPLATE, HELM, KUSTOMIZE, MULTI)
SETTINGS = ("toml", "properties", "ini", "json", "env")
SECTIONED = ("toml", "properties", "ini", "json")  # their names are in small letters, and in sections

# What the generated projects are made of. A role is what a variable is for: (names, values, value in staging).
APPS = ["shop", "atlas", "ferry", "harbor", "quill", "tally", "orchard", "beacon", "lumen", "cobalt"]
SERVICES = ["storefront", "checkout", "mailer", "catalog", "billing", "search-api", "uploader", "ledger", "notifier",
            "gateway", "queue-worker", "reports", "accounts", "indexer"]
ROLES = {
    "timeout": (["REQUEST_TIMEOUT_MS", "UPSTREAM_TIMEOUT_MS", "QUERY_TIMEOUT_MS"], ["30000", "20000", "15000"], "5000"),
    "pool": (["DB_POOL_SIZE", "HTTP_POOL_SIZE", "MAX_CONNECTIONS"], ["40", "50", "64"], "5"),
    "retries": (["MAX_RETRIES", "RETRY_ATTEMPTS", "PUBLISH_RETRIES"], ["5", "4", "8"], "3"),
    "ttl": (["CACHE_TTL_SECONDS", "SESSION_TTL_SECONDS", "TOKEN_TTL_SECONDS"], ["3600", "1800", "7200"], "60"),
    "flag": (["FEATURE_NEW_CART_ENABLED", "ENABLE_BULK_EXPORT", "FEATURE_LIVE_SEARCH"], ["true"], "false"),
    "url": (["LEDGER_URL", "PRICING_API_URL", "GEOCODER_URL"], None, None),
    "host": (["DATABASE_HOST", "REDIS_HOST", "BROKER_HOST"], None, None),
    "upstream": (["PAYMENTS_HOST", "IDENTITY_HOST", "STORAGE_HOST"], None, None),
    "ca": (["TLS_CA_FILE", "DB_SSL_ROOT_CERT", "SSL_CERT_FILE"], ["/etc/tls/ca.pem", "/etc/tls/internal-ca.crt"], None),
    "verify": (["TLS_VERIFY", "SSL_VERIFY_PEER", "VERIFY_CERTIFICATES"], ["true"], "true"),
    "queue": (["QUEUE_NAME", "TOPIC_PREFIX", "EXCHANGE_NAME"], ["orders", "events-v2", "jobs-main"], None),
    "log": (["LOG_LEVEL", "LOGGING_LEVEL"], ["info", "warn"], "debug"),
    "country": (["COUNTRY", "DEFAULT_REGION_CODE"], ["NO"], None),
    "mode": (["UPLOAD_FILE_MODE", "SOCKET_MODE"], ["0640", "0660"], None),
    "version": (["API_VERSION", "PROTOCOL_VERSION"], ["1.10", "2.20"], None),
    "switch": (["COMPRESSION", "KEEPALIVE"], ["on"], None),
    "token": (["WEBHOOK_TOKEN", "PARTNER_API_KEY", "SIGNING_SECRET"], None, None),
    "moved": (["COURIER_ENDPOINT", "REPORTS_FOLDER", "INDEX_ALIAS"], ["primary", "main-a", "blue"], None),
    "dropped": (["LEGACY_SINK", "SEGMENT_SITE", "OLD_BANNER"], ["default", "eu-1", "classic"], None),
}
IN_CONFIG_MAP = ("host", "ttl", "country", "upstream")
IN_PRODUCTION_ONLY = ("url", "log", "flag", "timeout")
SECRETS = [("DB_USER", "db-credentials", "user"), ("DB_PASSWORD", "db-credentials", "password"),
           ("SMS_KEY", "sms-gateway", "key"), ("SMS_SECRET", "sms-gateway", "secret"),
           ("METRICS_TOKEN", "metrics-account", "token")]


# Text: values that are written in special ways, and the formats they are written in.

MARK = "\ue000"  # ends a planted line while a file is rendered


class Raw(str):
    """Text written as it is: an expression of a template, or a scalar without its quotes."""


class Again(str):
    """A key that is equal to no other key, so that a mapping can hold it twice."""
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


class Lines(list):
    """Lines in place of the element of a list, such as a loop of a template."""


@dataclasses.dataclass
class Planted:
    """A value whose line is the planted one."""
    value: object


@dataclasses.dataclass
class Anchored:
    name: str
    value: object


@dataclasses.dataclass
class Alias:
    name: str


@dataclasses.dataclass
class Style:
    """How YAML and JSON are laid out."""
    indent: int = 2
    dash: int = 2
    quote: str = '"'
    quote_all: bool = False
    flow: bool = False


def bare(value):
    while isinstance(value, (Planted, Anchored)):
        value = value.value
    return value


def mark_of(value):
    return MARK if isinstance(value, Planted) else ""


NOT_A_STRING = re.compile(r"(?i)(y|n|yes|no|on|off|true|false|null|~)$")
PLAIN_SCALAR = re.compile(r"[A-Za-z/][\w./:@=+ -]*(?<![: ])$")


def yaml_scalar(value, style):
    if isinstance(value, Planted):
        return yaml_scalar(value.value, style) + MARK
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Alias):
        return f"*{value.name}"
    if not isinstance(value, str):
        return json.dumps(value)
    plain = PLAIN_SCALAR.match(value) and not NOT_A_STRING.match(value) and ": " not in value
    return value if plain and not style.quote_all else style.quote + value + style.quote


def fits_in_flow(node):
    scalars = all(isinstance(bare(v), (str, int)) and not isinstance(bare(v), Raw) for v in node.values())
    return scalars and 0 < len(node) <= 3 and sum(len(f"{k}{bare(v)}") for k, v in node.items()) < 60


def yaml_entry(head, value, style, pad):
    """The lines of one entry of a mapping, from its key on."""
    mark, anchor = mark_of(value), ""
    if isinstance(value, Planted):
        value = value.value
    if isinstance(value, Anchored):
        anchor, value = f" &{value.name}", value.value
    if isinstance(value, dict) and style.flow and fits_in_flow(value):
        inner = ", ".join(f"{k}: {yaml_scalar(v, style)}" for k, v in value.items())
        return [f"{head}:{anchor} {{{inner}}}{mark}"]
    if isinstance(value, dict) and value:
        return [f"{head}:{anchor}{mark}"] + yaml_block(value, style, pad + " " * style.indent)
    if isinstance(value, list) and value:
        return [f"{head}:{anchor}{mark}"] + yaml_block(value, style, pad + " " * style.dash)
    if isinstance(value, str) and "\n" in value:
        return [f"{head}: |{mark}"] + [pad + " " * style.indent + line for line in value.rstrip("\n").split("\n")]
    return [f"{head}:{anchor} {yaml_scalar(value, style)}{mark}"]


def yaml_block(node, style, pad=""):
    lines = []
    if isinstance(node, dict):
        for key, value in node.items():
            lines += yaml_entry(pad + key, value, style, pad)
        return lines
    for item in node:
        value = bare(item)
        if isinstance(value, Lines):
            lines += [pad + line for line in value]
            continue
        inner = yaml_block(value, style, pad + "  ") if isinstance(value, (dict, list)) else [yaml_scalar(value, style)]
        inner[0] = pad + "- " + inner[0].lstrip() + mark_of(item)
        lines += inner
    return lines


def json_text(value, style, pad=""):
    inner, mark, value = pad + " " * style.indent, mark_of(value), bare(value)
    if isinstance(value, Raw):
        return str(value) + mark
    if isinstance(value, dict):
        entries = [f"{inner}{json.dumps(str(k))}: {json_text(v, style, inner)}" for k, v in value.items()]
        return "{" + mark + "\n" + ",\n".join(entries) + f"\n{pad}}}"
    return json.dumps(value, ensure_ascii=False) + mark


def sections_text(body, assign, header):
    """Formats of sections with assignments in them: TOML and INI."""
    parts = []
    for section, entries in body.items():
        lines = [header.format(section) + mark_of(entries)]
        parts.append("\n".join(lines + [assign(key, value) for key, value in bare(entries).items()]))
    return "\n\n".join(parts)


def unquoted(value):
    value = bare(value)
    return json.dumps(value) if isinstance(value, bool) else str(value)


def toml_assign(key, value):
    text = str(bare(value)) if isinstance(bare(value), Raw) else json.dumps(bare(value), ensure_ascii=False)
    return f"{key} = {text}{mark_of(value)}"


def properties_text(body):
    return "\n".join(f"{section}.{key}={unquoted(value)}{mark_of(value)}"
                     for section, entries in body.items() for key, value in bare(entries).items())


@dataclasses.dataclass
class File:
    """The content of a file before it is text: documents, a mapping, a program, or text; then edits of its lines."""
    body: object
    style: Style = dataclasses.field(default_factory=Style)
    edits: list = dataclasses.field(default_factory=list)

    def text(self, path):
        lines = self.plain_text(path).rstrip("\n").split("\n")
        for edit in self.edits:
            lines = edit(lines)
        return "\n".join(lines) + "\n"

    def plain_text(self, path):
        name, body = path.removesuffix(".template"), self.body
        if isinstance(body, str):
            return body
        if isinstance(body, Program):
            return body.text()
        if name.endswith((".yaml", ".yml")):
            return "\n---\n".join("\n".join(yaml_block(document, self.style)) for document in body)
        if name.endswith(".json"):
            return json_text(body, self.style)
        if name.endswith(".toml"):
            return sections_text(body, toml_assign, "[{}]")
        if name.endswith(".ini"):
            return sections_text(body, lambda k, v: f"{k} = {unquoted(v)}{mark_of(v)}", "[{}]")
        if name.endswith(".properties"):
            return properties_text(body)
        return "\n".join(f"{key}={unquoted(value)}{mark_of(value)}" for key, value in body.items())


# Programs that read variables: (file, first lines, a variable that must be there, one with a default, last lines).
LANGUAGES = {
    "go": ("internal/config/config.go", 'package config\n\nimport "os"\n\nvar settings = map[string]string{',
           '\t"{v}": mustGet(os.Getenv("{n}")),', '\t"{v}": orElse(os.Getenv("{n}"), "{d}"),', "}"),
    "python": ("app/settings.py", "import os\n", '{v} = os.environ["{n}"]', '{v} = os.environ.get("{n}", "{d}")', ""),
    "javascript": ("src/config.js", '"use strict";\n\nmodule.exports = {', "  {v}: required(process.env.{n}),",
                   '  {v}: process.env.{n} || "{d}",', "};"),
    "ruby": ("lib/settings.rb", "module Settings", '  {v} = ENV["{n}"] or raise "{n} is not set"',
             '  {v} = ENV.fetch("{n}", "{d}")', "end"),
    "rust": ("src/config.rs", "pub fn load() -> Config {\n    Config {", '        {v}: require_str("{n}"),',
             '        {v}: str_or("{n}", "{d}"),', "    }\n}"),
}


@dataclasses.dataclass
class Program:
    language: str
    reads: list  # [name, default or None]
    lookup: str = ""  # how a setting is read when it is no environment variable

    def text(self):
        _, first, required, optional, last = LANGUAGES[self.language]
        lines = [first]
        for name, default in self.reads:
            variable = bare(name).lower() if self.language != "ruby" else bare(name).upper()
            line = self.lookup or (required if default is None else optional)
            line = line.replace("{v}", variable).replace("{n}", bare(name)).replace("{d}", default or "")
            lines.append(line + mark_of(name))
        return "\n".join(lines + [last])


# The world: a project in one shape, and where its settings are.

CONTAINER = ("spec", "template", "spec", "containers", 0)
POD = ("spec", "template", "spec")
# Where a field of a Deployment is in the values of a chart, and in a service of compose.
MOVED = {
    HELM: {("spec", "replicas"): ("replicaCount",), (*CONTAINER, "resources"): ("resources",),
           (*CONTAINER, "livenessProbe"): ("livenessProbe",), (*POD, "nodeSelector"): ("nodeSelector",),
           (*POD, "tolerations"): ("tolerations",)},
    COMPOSE: {("spec", "replicas"): ("deploy", "replicas"), (*CONTAINER, "resources"): ("deploy", "resources"),
              (*CONTAINER, "image"): ("image",), (*CONTAINER, "args"): ("command",), (*POD, "volumes"): ("volumes",)},
}


def camel(name):
    head, *rest = name.split("-")
    return head + "".join(part.capitalize() for part in rest)


def index_of(holder, step):
    """The key or index of a child; None when there is none."""
    if isinstance(holder, list) and isinstance(step, str):
        return next((i for i, item in enumerate(holder) if bare(step_into(item, "name")) == step), None)
    if isinstance(holder, list):
        return step if step < len(holder) else None
    return step if isinstance(holder, dict) and step in holder else None


def step_into(node, step):
    """The child of a mapping or a list; elements of lists also by their name. None when there is none."""
    node = bare(node)
    index = index_of(node, step)
    return None if index is None else node[index]


@dataclasses.dataclass
class Slot:
    """A place where a value stands: a key of a mapping or an index of a list, and the mappings above it."""
    world: "World"
    path: str
    holder: object
    key: object
    above: list = ()
    owner: str = ""  # the name of the object

    @property
    def value(self):
        return bare(self.holder[self.key])

    def write(self, value):
        self.holder[self.key] = self.world.typed(value)

    def plant(self, value):
        self.holder[self.key] = Planted(self.world.typed(value))

    def erase(self):
        del self.holder[self.key]

    def cut(self, name=None):
        """Removes it, as the fault."""
        self.erase()
        self.lose(name or self.key)

    def lose(self, name):
        """Notes that a report of the removal of this name is a report of the fault."""
        self.world.removed.append((self.path, str(name), self.owner))

    def plant_identity(self, value):
        """Plants another value of the field that elements of a list are told apart by: one goes, another one comes."""
        self.lose(self.value)
        self.plant(value)

    def double(self, value):
        """Writes the key a second time."""
        self.holder[Again(self.key)] = Planted(self.world.typed(value))

    def rename_key(self, new):
        insert_after(self.holder, self.key, new, Planted(self.value))
        self.cut()

    def move_up(self):
        """Moves it out of its mapping, behind it."""
        value = self.value
        self.cut()
        mapping, key = self.above[-1]
        insert_after(mapping, key, self.key, Planted(value))


def insert_after(mapping, key, new, value):
    items = list(mapping.items())
    mapping.clear()
    for own, content in items:
        mapping[own] = content
        if own is key or own == key:
            mapping[new] = value


@dataclasses.dataclass
class Variable:
    """A definition of a variable: an entry of `env`, a `NAME=value` string, or a key of a mapping."""
    world: "World"
    path: str
    holder: object
    key: object
    name: str
    rank: int

    @property
    def value(self):
        entry = self.holder[self.key]
        if isinstance(entry, dict):
            return bare(entry["value"])
        return bare(entry).split("=", 1)[1] if isinstance(self.holder, list) else bare(entry)

    def write(self, value, mark=False):
        entry = self.holder[self.key]
        if isinstance(entry, dict):
            entry["value"] = Planted(value) if mark else value
            return
        if isinstance(self.holder, list):
            value = f"{self.name}={value}"
        value = self.world.typed(value)
        self.holder[self.key] = Planted(value) if mark else value

    def plant(self, value):
        self.write(value, mark=True)

    def erase(self):
        del self.holder[self.key]

    def cut(self):
        self.erase()
        self.world.removed.append((self.path, self.name, ""))

    def add_beside(self, name, value, mark=False):
        new = Planted(value) if mark else value
        if isinstance(self.holder, dict):
            insert_after(self.holder, self.key, self.world.spelling(name), new)
        elif isinstance(self.holder[self.key], dict):
            entry = {"name": name, "value": value}
            self.holder.insert(self.key + 1, Planted(entry) if mark else entry)
        else:
            text = f"{name}={value}"
            self.holder.insert(self.key + 1, Planted(text) if mark else text)

    def rename(self, new, mark=False):
        value = self.value
        self.add_beside(new, value, mark)
        self.cut() if mark else self.erase()


class World:
    """A generated project: its files, and the index of what the faults need to find in them."""

    def __init__(self, shape, label, index):
        self.rng = random.Random(f"{label}/{index}")
        self.shape, self.index = shape, index
        self.files, self.documents, self.patches, self.values = {}, {}, {}, []
        # What is planted besides the marked lines: (path, name, object) of what is gone, names that no file defines,
        # and files that do not parse.
        self.removed, self.undefined, self.unparsable = [], [], []
        self.app = self.pick(APPS) + self.pick(["", "-web", "-cloud", "-core"])
        self.workloads = self.rng.sample(SERVICES, 4)
        self.victim = self.pick(self.workloads)
        self.stage = "staging"
        self.style = self.make_style()
        self.prefix = self.pick(["", "", self.app.split("-")[0].upper() + "_"])
        self.names = {role: self.prefix + self.pick(names) for role, (names, _, _) in ROLES.items()}
        self.production = {role: self.make_value(role, "prod") for role in ROLES}
        self.staging = {role: self.make_value(role, self.stage) for role in ROLES}
        self.order = self.rng.sample(list(ROLES), len(ROLES))
        self.program, self.before, self.root, self.placeholder = None, {}, ".", None
        self.draw_sizes()
        BUILDERS[shape](self)

    # Choices

    def pick(self, options):
        return self.rng.choice(list(options))

    def turn(self, options):
        """Each of the options in turn, so that the cases of a class differ."""
        options = list(options)
        return options[(self.index + self.index // 5) % len(options)]

    def make_style(self):
        indent = 4 if self.shape == MULTI else 2
        quote = self.pick("\"'") if self.shape in (PLAIN, MULTI, COMPOSE) else '"'
        return Style(indent, self.pick([0, 2]), quote, False, self.shape == MULTI)

    def make_value(self, role, stage):
        if role == "token":
            return "".join(self.rng.choice("0123456789abcdef") for _ in range(32))
        domain = self.app + self.pick([".example.com", ".example.net", ".example.org"])
        if role == "url":
            return f"https://{self.pick(['api', 'rest', 'internal'])}.{stage}.{domain}:8443/v2"
        if role in ("host", "upstream"):
            return f"{self.pick(['db', 'cache', 'core'])}.{stage}.{domain}"
        _, values, staged = ROLES[role]
        return staged if staged and stage == self.stage else self.pick(values)

    def draw_sizes(self):
        self.tier = self.pick(["backend", "web", "service"])
        self.port = self.pick([8080, 3000, 5000, 9000])
        self.version = f"{self.rng.randrange(1, 5)}.{self.rng.randrange(2, 20)}.{self.rng.randrange(1, 9)}"
        self.proxy = f"v1.{self.rng.randrange(20, 30)}.{self.rng.randrange(1, 5)}"
        self.workers = str(self.rng.randrange(4, 12))
        self.batch = self.pick(["500", "250", "1000"])
        self.memory, self.request = self.pick([("512Mi", "256Mi"), ("1Gi", "512Mi"), ("2Gi", "1Gi")])
        self.cpu = self.pick(["1", "2", "1500m"])
        self.replicas = self.pick([3, 4, 6])

    # Names and values

    def spelling(self, name):
        return name.lower() if self.shape in SECTIONED else name

    def typed(self, value):
        if self.shape not in SECTIONED or not isinstance(value, str) or isinstance(value, Raw):
            return value
        if re.fullmatch(r"[1-9]\d*|0", value):
            return int(value)
        return value == "true" if value in ("true", "false") else value

    def yaml_path(self, path):
        return path + (".template" if self.shape == TEMPLATE else "")

    def add(self, path, body, style=None):
        self.files[path] = File(body, style or dataclasses.replace(self.style))
        return self.files[path]

    def add_documents(self, path, documents):
        path = self.yaml_path(path)
        if path in self.files:
            self.files[path].body += documents
        else:
            self.add(path, list(documents))
        if rank_of(path) < 2:
            for document in documents:
                self.documents[(document["kind"], document["metadata"]["name"])] = (path, document)
        return path

    # Finding places

    def slot(self, *steps, workload=None, kind="Deployment"):
        """Where a field of an object (of a kind; by default of the victim) has its value in this project."""
        name = workload or self.default_name(kind)
        for path, root, own_steps in self.candidates(kind, name, steps):
            holder, above = root, []
            for step in own_steps[:-1]:
                if isinstance(holder, dict):
                    above.append((holder, step))
                holder = bare(step_into(holder, step))
            key = index_of(holder, own_steps[-1])
            if key is not None:
                return Slot(self, path, holder, key, above, name)
        raise LookupError(f"no {kind} {name} {steps} in {self.shape}")

    def default_name(self, kind):
        if kind == "Deployment" or (kind, self.victim) in self.documents:
            return self.victim
        return next(name for own, name in self.documents if own == kind)

    def candidates(self, kind, name, steps):
        if kind == "Deployment" and self.shape in MOVED:
            for old, new in MOVED[self.shape].items():
                if steps[:len(old)] == old:
                    for path, root in self.values:
                        owner = (camel(name),) if self.shape == HELM else ("services", name)
                        yield path, root, owner + new + steps[len(old):]
        for index in (self.patches, self.documents):
            if (kind, name) in index:
                path, document = index[(kind, name)]
                yield path, document, steps

    def variables(self, role, workload=None, staging=True):
        """The definitions of a variable, those of production first."""
        name = self.spelling(self.names.get(role, role))
        found = []
        for path, file in self.files.items():
            if isinstance(file.body, (dict, list)) and (staging or rank_of(path) < 2):
                self.walk(path, file.body, name, (), workload, found)
        return sorted(found, key=lambda variable: variable.rank)

    def walk(self, path, node, name, trail, workload, found):
        node = bare(node)
        if isinstance(node, dict):
            trail += (bare(step_into(node.get("metadata", {}), "name")),)
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in children:
            own = bare(child)
            defines = (key == name and not isinstance(own, (dict, list))) if isinstance(node, dict) else (
                isinstance(own, str) and own.startswith(name + "=")
                or isinstance(own, dict) and own.get("name") == name and "value" in own)
            if defines and (workload is None or workload in trail or camel(workload) in trail):
                found.append(Variable(self, path, node, key, name, rank_of(path)))
            else:
                self.walk(path, own, name, trail + (key,), workload, found)

    def variable(self, role):
        """The definition of a variable that counts for the victim in production."""
        found = self.variables(role, workload=self.victim) or self.variables(role)
        return found[0]

    def image(self, workload=None):
        """Where the image of a workload is written: the place, and the part ("image" or "tag") that is there."""
        name = workload or self.victim
        if self.shape == HELM:
            for path, root in self.values:
                if "image" in root.get(camel(name), {}):
                    return Slot(self, path, root[camel(name)]["image"], "tag"), "tag"
        if self.shape == KUSTOMIZE:
            path = self.overlay("production")
            entry = next(i for i in self.files[path].body[0]["images"] if i["name"].endswith("/" + name))
            return Slot(self, path, entry, "newTag"), "tag"
        index = 1 if self.shape == TEMPLATE else 0
        return self.slot(*CONTAINER[:-1], index, "image", workload=name), "image"

    def overlay(self, environment):
        return f"overlays/{environment}/kustomization.yaml"


def rank_of(path):
    """0 for files of production, 1 for those of no environment, 2 for the others."""
    if re.search(r"prod", path):
        return 0
    return 2 if re.search(r"stag|test|dev", path) else 1


# Objects of Kubernetes

def metadata(world, name, workload=None):
    labels = {"app": workload or name, "part-of": world.app}
    return {"name": name, "labels": labels, "annotations": {"owner": "team-" + world.app.split("-")[0]}}


def deployment(world, name, values, replicas, cpu, memory):
    labels = {"app": name, "tier": world.tier}
    meta = metadata(world, name)
    if world.shape == MULTI:
        labels = Anchored(camel(name) + "Labels", labels)
    container = {
        "name": name,
        "image": f"registry.example.com/{world.app}/{name}:{world.version}",
        "imagePullPolicy": "IfNotPresent",
        "command": [f"/srv/bin/{name}"],
        "args": ["--workers", world.workers, "--bind", f"0.0.0.0:{world.port}", "--config", "/etc/app/app.toml"],
        "ports": [{"name": "http", "containerPort": world.port},
                  {"name": "probe", "containerPort": world.port + 1, "protocol": "UDP"}],
        "envFrom": [{"configMapRef": {"name": world.app + "-settings"}}],
        "env": [{"name": world.names[role], "value": values[role]} for role in world.order if role in values]
        + [{"name": "PORT", "value": str(world.port)}]
        + [{"name": world.prefix + "BATCH_LIMIT",
            "valueFrom": {"configMapKeyRef": {"name": world.app + "-limits", "key": "batch-limit"}}}]
        + [{"name": world.prefix + variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
           for variable, secret, key in SECRETS],
        "resources": {"requests": {"cpu": "100m", "memory": world.request},
                      "limits": {"cpu": cpu, "memory": memory}},
        "livenessProbe": probe("/healthz", 60, 5, 6),
        "readinessProbe": probe("/ready", 10, 4, 3),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "15"]}}},
        "securityContext": {"runAsUser": 1000, "readOnlyRootFilesystem": False, "allowPrivilegeEscalation": False},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, {"name": "data", "mountPath": "/var/lib/app"},
                         {"name": "tls", "mountPath": "/etc/tls", "readOnly": True}],
    }
    sidecar = {"name": "proxy", "image": f"envoyproxy/envoy:{world.proxy}",
               "args": ["--config-path", "/etc/envoy/envoy.yaml"]}
    pod = {
        "serviceAccountName": world.app + "-runner",
        "terminationGracePeriodSeconds": 60,
        "nodeSelector": {"pool": "general"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "general", "effect": "NoSchedule"}],
        "priorityClassName": "standard",
        "securityContext": {"fsGroup": 2000},
        "containers": [container, sidecar],
        "volumes": [{"name": "config", "configMap": {"name": world.app + "-files"}},
                    {"name": "data", "persistentVolumeClaim": {"claimName": world.app + "-data"}},
                    {"name": "tls", "secret": {"secretName": world.app + "-tls"}}],
    }
    again = Alias(labels.name) if isinstance(labels, Anchored) else dict(labels)
    annotations = {"scrape/port": str(world.port)}
    if world.shape == TEMPLATE:
        meta["annotations"]["kubernetes.io/change-cause"] = Raw(world.placeholder("CHANGE_CAUSE"))
        container["image"] = f"registry.example.com/{world.app}/{name}:" + world.placeholder("IMAGE_TAG")
        container["image"] = Raw(f'"{container["image"]}"')
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
        "spec": {"replicas": replicas, "minReadySeconds": 10,
                 "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                 "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": again, "annotations": annotations}, "spec": pod}},
    }


def probe(path, delay, timeout, failures):
    return {"httpGet": {"path": path, "port": "http"}, "initialDelaySeconds": delay, "periodSeconds": 10,
            "timeoutSeconds": timeout, "failureThreshold": failures}


def service(world, name):
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(world, name),
            "spec": {"selector": {"app": name, "tier": world.tier},
                     "ports": [{"name": "http", "port": 80, "targetPort": world.port}]}}


def object_of(version, kind, name, **fields):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


EMBEDDED = {
    "app.toml": '[server]\nbacklog = 512\nmax_body = "20MB"\n\n[store]\nendpoint = "db.internal:5432"\npool = 40\n',
    "app.json": '{\n  "server": {\n    "backlog": 512,\n    "max_body": "20MB"\n  },\n  "store": {\n'
                '    "endpoint": "db.internal:5432",\n    "pool": 40\n  }\n}\n',
    "app.ini": "[server]\nbacklog = 512\nmax_body = 20MB\n\n[store]\nendpoint = db.internal:5432\npool = 40\n",
    "app.properties": "server.backlog=512\nserver.max_body=20MB\nstore.endpoint=db.internal:5432\nstore.pool=40\n",
    "app.yaml": "server:\n  backlog: 512\n  max_body: 20MB\nstore:\n  endpoint: db.internal:5432\n  pool: 40\n",
}


def encoded(world, length=24):
    return base64.b64encode(bytes(world.rng.randrange(33, 127) for _ in range(length))).decode()


def shared_objects(world):
    """The objects besides the workloads and their Services, as (file name, documents)."""
    app, first, port = world.app, world.workloads[0], world.port
    file = world.turn(EMBEDDED)
    secrets = collections.defaultdict(dict)
    for _, secret, key in SECRETS:
        secrets[secret][key] = encoded(world)
    secrets[app + "-tls"] = {"ca.pem": encoded(world), "tls.crt": encoded(world), "tls.key": encoded(world)}
    account = app + "-runner"
    peer = {"podSelector": {"matchLabels": {"app": first}}}
    return [
        ("limits", [object_of("v1", "ConfigMap", app + "-limits",
                              data={"batch-limit": world.batch, "upload-limit": "20"})]),
        ("files", [object_of("v1", "ConfigMap", app + "-files", data={file: EMBEDDED[file]})]),
        ("secrets", [object_of("v1", "Secret", name, type="Opaque", data=data) for name, data in secrets.items()]),
        ("storage", [object_of("v1", "PersistentVolumeClaim", app + "-data", spec={
            "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "20Gi"}}})]),
        ("access", [
            object_of("v1", "ServiceAccount", account),
            object_of("rbac.authorization.k8s.io/v1", "Role", app + "-reader", rules=[
                {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get"]}]),
            object_of("rbac.authorization.k8s.io/v1", "RoleBinding", app + "-reader",
                      roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": app + "-reader"},
                      subjects=[{"kind": "ServiceAccount", "name": account}])]),
        ("ingress", [object_of("networking.k8s.io/v1", "Ingress", app + "-edge", spec={
            "ingressClassName": "nginx",
            "tls": [{"hosts": [f"www.{app}.example.com"], "secretName": app + "-tls"}],
            "rules": [{"host": f"www.{app}.example.com", "http": {"paths": [
                {"path": path, "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}
                for path, name in zip(["/api", "/", "/admin"], world.workloads)]}}]})]),
        ("network", [object_of("networking.k8s.io/v1", "NetworkPolicy", world.victim + "-ingress", spec={
            "podSelector": {"matchLabels": {"app": world.victim}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [peer, {"namespaceSelector": {"matchLabels": {"team": "edge"}}}],
                         "ports": [{"protocol": "TCP", "port": port}, {"protocol": "TCP", "port": port + 1}]}]})]),
        ("scaling", [
            object_of("autoscaling/v2", "HorizontalPodAutoscaler", world.victim, spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": world.victim},
                "minReplicas": 4, "maxReplicas": 12,
                "metrics": [{"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]}),
            object_of("policy/v1", "PodDisruptionBudget", world.victim, spec={
                "minAvailable": 2, "selector": {"matchLabels": {"app": world.victim}}})]),
        ("nightly", [object_of("batch/v1", "CronJob", app + "-nightly", spec={
            "schedule": world.pick(["15 3 * * *", "*/10 * * * *", "0 4 * * 1"]), "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid", "suspend": False, "startingDeadlineSeconds": 600,
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "nightly", "image": f"registry.example.com/{app}/nightly:{world.version}",
                 "args": ["--all"]}]}}}}})]),
    ]


def settings_map(world, values):
    data = {world.names[role]: values[role] for role in world.order if role in IN_CONFIG_MAP}
    data[world.names["upstream"]] = "localhost"
    return object_of("v1", "ConfigMap", world.app + "-settings", data=data)


# Shapes

def of_container(values):
    """The variables that stand in the containers; an override of the ConfigMap is one of them."""
    return {role: value for role, value in values.items() if role not in IN_CONFIG_MAP or role == "upstream"}


def add_sources(world, lookup=""):
    language = "python" if lookup else world.pick(LANGUAGES)
    names = [world.names[role] for role in world.order] + [world.prefix + name for name, _, _ in SECRETS]
    optional = {world.names["log"]: "info", world.names["version"]: "1.0"}
    world.program = Program(language, [[name, optional.get(name)] for name in names], lookup)
    world.add(LANGUAGES[language][0], world.program)
    world.add("README.md", f"# {world.app}\n\nRuns {', '.join(world.workloads)}.\n\n## Deploy\n\nRun the pipeline.\n")
    world.add("docs/changes.md", f"# Changes\n\n- {world.version}: smaller fixes\n")


def full_deployments(world):
    values = of_container(world.production)
    return [deployment(world, name, values, world.replicas, world.cpu, world.memory) for name in world.workloads]


def add_manifests(world, root):
    split = world.pick([True, False])
    for document in full_deployments(world):
        name = document["metadata"]["name"]
        if split:
            world.add_documents(f"{root}/{name}/deployment.yaml", [document])
            world.add_documents(f"{root}/{name}/service.yaml", [service(world, name)])
        else:
            world.add_documents(f"{root}/{name}.yaml", [document, service(world, name)])


def staged_documents(world):
    first = world.workloads[0]
    return [deployment(world, first, of_container(world.staging), 1, "500m", "256Mi"),
            settings_map(world, world.staging)]


def build_plain(world):
    roots = [("deploy/production", "deploy/staging"), ("k8s/prod", "k8s/staging"), ("infra/prod", "infra/staging")]
    root, staged = world.pick(roots)
    world.root = root
    add_manifests(world, root)
    world.add_documents(f"{root}/settings.yaml", [settings_map(world, world.production)])
    for name, documents in shared_objects(world):
        world.add_documents(f"{root}/{name}.yaml", documents)
    world.add_documents(f"{staged}/{world.workloads[0]}.yaml", staged_documents(world))
    add_sources(world)


def build_template(world):
    opening, closing = world.pick([("{", "}"), ("${", "}")])
    world.placeholder = lambda name: opening + name + closing
    build_plain(world)


def build_multi(world):
    world.root = world.pick(["deploy", "k8s", "ops/kubernetes"])
    path = f"{world.root}/production.yaml"
    for document in full_deployments(world):
        world.add_documents(path, [document, service(world, document["metadata"]["name"])])
    world.add_documents(path, [settings_map(world, world.production)])
    for _, documents in shared_objects(world):
        world.add_documents(path, documents)
    world.add_documents(f"{world.root}/staging.yaml", staged_documents(world))
    add_sources(world)


def build_helm(world):
    chart = world.pick([f"charts/{world.app}", "chart", f"deploy/helm/{world.app}"])
    world.root = f"{chart}/templates"
    add_manifests(world, world.root)
    world.add_documents(f"{world.root}/settings.yaml", [settings_map(world, world.production)])
    for name, documents in shared_objects(world):
        world.add_documents(f"{world.root}/{name}.yaml", documents)
    defaults, production, staged = {}, {}, {}
    for name in world.workloads:
        lift_to_values(world, name, defaults, production)
    staged[camel(world.workloads[0])] = {"replicaCount": 1, "env": {
        world.names[role]: world.staging[role] for role in IN_PRODUCTION_ONLY}}
    world.add(f"{chart}/Chart.yaml", [{"apiVersion": "v2", "name": world.app, "version": "0.4.0"}])
    for suffix, values in [("-prod", production), ("", defaults), ("-staging", staged)]:
        world.add(f"{chart}/values{suffix}.yaml", [values])
    world.values = [(f"{chart}/values-prod.yaml", production), (f"{chart}/values.yaml", defaults)]
    add_sources(world)


def lift_to_values(world, name, defaults, production):
    """Moves what differs by environment out of the template of a workload, into the values."""
    _, document = world.documents[("Deployment", name)]
    container = document["spec"]["template"]["spec"]["containers"][0]
    own, key = {}, camel(name)
    for old, new in MOVED[HELM].items():
        holder = document
        for step in old[:-1]:
            holder = step_into(holder, step)
        own[new[0]] = holder[old[-1]]
        reference = f".Values.{key}.{new[0]}"
        nested = isinstance(own[new[0]], (dict, list))
        holder[old[-1]] = Raw(f"{{{{- toYaml {reference} | nindent 12 }}}}" if nested else f"{{{{ {reference} }}}}")
    repository, tag = container["image"].split(":")
    own["image"] = {"repository": repository, "tag": tag}
    container["image"] = Raw(f'"{{{{ .Values.{key}.image.repository }}}}:{{{{ .Values.{key}.image.tag }}}}"')
    own["env"] = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    loop = Lines([f"{{{{- range $name, $value := .Values.{key}.env }}}}", "- name: {{ $name }}",
                  "  value: {{ $value | quote }}", "{{- end }}"])
    container["env"] = [loop] + [entry for entry in container["env"] if "value" not in entry]
    production[key] = {"replicaCount": own["replicaCount"], "resources": copy.deepcopy(own["resources"]),
                       "env": {world.names[role]: world.production[role] for role in IN_PRODUCTION_ONLY}}
    own["replicaCount"] = 1
    own["resources"]["limits"] = {"cpu": "500m", "memory": "256Mi"}
    own["env"].update({world.names[role]: world.staging[role] for role in IN_PRODUCTION_ONLY})
    defaults[key] = own


def build_kustomize(world):
    world.root = "base"
    add_manifests(world, "base")
    for name, documents in shared_objects(world):
        world.add_documents(f"base/{name}.yaml", documents)
    resources = [path.removeprefix("base/") for path in world.files]
    world.add("base/kustomization.yaml", [{"resources": resources}])
    for name in world.workloads:
        container = world.documents[("Deployment", name)][1]["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [entry for entry in container["env"]
                            if entry["name"] not in {world.names[role] for role in IN_PRODUCTION_ONLY}]
        container["image"] = container["image"].split(":")[0]
    add_overlay(world, "production", world.production, world.workloads, world.replicas)
    add_overlay(world, "staging", world.staging, world.workloads[:1], 1)
    add_sources(world)


def add_overlay(world, environment, values, workloads, replicas):
    patches = []
    for name in workloads:
        limits = {"cpu": world.cpu, "memory": world.memory}
        container = {"name": name,
                     "env": [{"name": world.names[role], "value": values[role]} for role in IN_PRODUCTION_ONLY],
                     "resources": {"limits": limits}}
        patch = object_of("apps/v1", "Deployment", name, spec={
            "replicas": replicas, "template": {"spec": {"containers": [container]}}})
        path = f"overlays/{environment}/{name}.yaml"
        world.add(path, [patch])
        patches.append({"path": f"{name}.yaml"})
        if environment == "production":
            world.patches[("Deployment", name)] = (path, patch)
    data = settings_map(world, values)["data"]
    images = [{"name": f"registry.example.com/{world.app}/{name}", "newTag": world.version} for name in workloads]
    world.add(world.overlay(environment), [{
        "resources": ["../../base"], "patches": patches, "images": images,
        "configMapGenerator": [{"name": world.app + "-settings", "literals": [f"{k}={v}" for k, v in data.items()]}]}])


def build_compose(world):
    as_list = world.pick([True, False])
    services = {name: compose_service(world, name, as_list) for name in world.workloads}
    stack = {"x-defaults": Anchored("defaults", {"restart": "unless-stopped", "env_file": [".env"]}),
             "services": services, "volumes": {"data": {}}}
    world.add("docker-compose.yml", [stack])
    world.values = [("docker-compose.yml", stack)]
    first = world.workloads[0]
    world.add("docker-compose.staging.yml", [{"services": {first: {"environment": {
        world.names[role]: world.staging[role] for role in IN_PRODUCTION_ONLY}, "deploy": {"replicas": 1}}}}])
    shared = {world.names[role]: world.production[role] for role in world.order if role in IN_CONFIG_MAP}
    shared[world.names["upstream"]] = "localhost"
    secrets = {world.prefix + name: encoded(world, 12).replace("=", "") for name, _, _ in SECRETS}
    world.add(".env", {**shared, **secrets, "IMAGE_TAG": world.version})
    add_sources(world)


def compose_service(world, name, as_list):
    values = of_container(world.production)
    environment = {world.names[role]: values[role] for role in world.order if role in values}
    environment.update({world.prefix + key: "${" + world.prefix + key + "}" for key, _, _ in SECRETS})
    return {
        "<<": Alias("defaults"),
        "image": f"registry.example.com/{world.app}/{name}:{world.version}",
        "command": [f"/srv/bin/{name}", "--workers", world.workers, "--bind", f"0.0.0.0:{world.port}"],
        "labels": {"owner": "team-" + world.app, "tier": world.tier},
        "environment": [f"{k}={v}" for k, v in environment.items()] if as_list else environment,
        "ports": [f"{world.port + world.workloads.index(name)}:{world.port}", "22:22"],
        "volumes": ["data:/var/lib/app", "./config:/etc/app:ro"],
        "healthcheck": {"test": ["CMD", "curl", "-f", f"http://localhost:{world.port}/ready"], "timeout": "5s",
                        "retries": 5},
        "depends_on": [other for other in world.workloads[:1] if other != name] or ["database"],
        "deploy": {"replicas": world.replicas, "resources": {"limits": {"cpus": "1.50", "memory": "512M"}}},
    }


SECTIONS = {"timeout": "http", "pool": "http", "retries": "http", "url": "upstream", "host": "upstream",
            "upstream": "upstream", "token": "upstream", "ca": "tls", "verify": "tls", "flag": "features"}


def build_settings(world):
    world.root = world.pick(["config", "conf", "settings"])
    for environment, values in [("production", world.production), ("staging", world.staging), ("test", world.staging)]:
        body = {}
        for role in world.order:
            section = body if world.shape == "env" else body.setdefault(SECTIONS.get(role, "app"), {})
            section[world.spelling(world.names[role])] = world.typed(values[role])
        world.add(f"{world.root}/{environment}.{world.shape}", body)
    add_sources(world, "" if world.shape == "env" else '{v} = settings.require("{v}")')


MODULES = {
    "compute.tf": """resource "aws_ecs_service" "{w}" {
  name            = "{w}"
  cluster         = aws_ecs_cluster.main.id
  desired_count   = {count}
  task_definition = aws_ecs_task_definition.{w}.arn

  deployment_minimum_healthy_percent = 100

  load_balancer {
    target_group_arn = aws_lb_target_group.{w}.arn
    container_name   = "{w}"
    container_port   = {port}
  }
}

resource "aws_lb_target_group" "{w}" {
  name                 = "{w}"
  port                 = {port}
  deregistration_delay = 120

  health_check {
    path                = "/ready"
    timeout             = 10
    unhealthy_threshold = 5
  }
}
""",
    "database.tf": """resource "aws_db_instance" "{w}" {
  identifier              = "{app}-main"
  instance_class          = "db.r6g.2xlarge"
  allocated_storage       = 200
  max_allocated_storage   = 800
  multi_az                = true
  deletion_protection     = true
  backup_retention_period = 14
}

resource "aws_elasticache_cluster" "{w}" {
  cluster_id      = "{app}-cache"
  node_type       = "cache.r6g.large"
  num_cache_nodes = 3
}
""",
    "network.tf": """resource "aws_security_group" "{w}" {
  name = "{w}"

  ingress {
    from_port   = {port}
    to_port     = {port}
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
""",
    "access.tf": """data "aws_iam_policy_document" "{w}" {
  statement {
    effect    = "Allow"
    actions   = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]
    resources = ["arn:aws:s3:::{app}-uploads/*"]
  }
}

resource "aws_s3_bucket" "{w}" {
  bucket        = "{app}-uploads"
  force_destroy = false
}
""",
    "functions.tf": """resource "aws_lambda_function" "{w}" {
  function_name = "{w}-resize"
  memory_size   = 1024
  timeout       = 60
  runtime       = "python3.11"

  environment {
    variables = {
      BUCKET = "{app}-uploads"
      STAGE  = "production"
    }
  }
}
""",
    "production.tfvars": """region         = "eu-west-1"
instance_type  = "m6i.2xlarge"
min_size       = 4
max_size       = 20
worker_count   = {count}
session_ttl    = 3600
log_retention  = 30
""",
}


def build_terraform(world):
    world.root = world.pick(["terraform", "infra", "environments/production"])
    name = world.victim.replace("-", "_")
    for file, text in MODULES.items():
        text = text.replace("{w}", name).replace("{app}", world.app)
        text = text.replace("{port}", str(world.port)).replace("{count}", str(world.replicas + 2))
        world.add(f"{world.root}/{file}", text)
    world.add(f"{world.root}/tags.tf", 'locals {\n  tags = {\n    owner = "platform"\n    cost  = "shared"\n  }\n}\n')
    add_sources(world)


BUILDERS = {PLAIN: build_plain, TEMPLATE: build_template, HELM: build_helm, KUSTOMIZE: build_kustomize,
            MULTI: build_multi, COMPOSE: build_compose, TERRAFORM: build_terraform,
            **{shape: build_settings for shape in SETTINGS}}


# Decoys: innocent changes. Each returns whether it applies to the project.

def yaml_files(world):
    return [path for path, file in world.files.items()
            if re.search(r"\.ya?ml(\.template)?$", path) and isinstance(file.body, list)]


def edit_text(world, path, old, new, mark=""):
    """Rewrites the first line of a text that fits."""
    lines = world.files[path].body.split("\n")
    index = next(i for i, line in enumerate(lines) if re.search(old, line))
    lines[index] = re.sub(old, new, lines[index]) + mark
    world.files[path].body = "\n".join(lines)


def decoy_label(world):
    if world.shape == COMPOSE:
        world.files["docker-compose.yml"].body[0]["services"][world.pick(world.workloads)]["labels"]["owner"] = "core"
    elif world.shape == TERRAFORM:
        edit_text(world, f"{world.root}/tags.tf", "platform", "core")
    elif world.documents:
        for kind, name in world.rng.sample(sorted(world.documents), 6):
            meta = world.documents[(kind, name)][1]["metadata"]
            meta.setdefault(world.pick(["labels", "annotations"]), {})["contact"] = world.pick(["core", "edge", "ops"])
    else:
        return False
    return True


def decoy_comment(world):
    return add_comments(world, 2)


def add_comments(world, count):
    paths = [path for path in world.files if path.startswith(world.root) or world.shape in (HELM, KUSTOMIZE, COMPOSE)]
    paths = [path for path in paths if not path.endswith((".json", ".md"))
             and not isinstance(world.files[path].body, Program)]
    for path in world.rng.sample(paths, min(count, len(paths))):
        text = world.pick(["keep in step with the runbook", "see the capacity sheet", "reviewed in spring"])
        place = world.rng.random()
        world.files[path].edits.append(lambda lines, text=text, place=place: comment_lines(lines, text, place))
    return bool(paths)


def comment_lines(lines, text, place):
    """A comment at the top, or above a line that opens a block of YAML."""
    openers = [i for i, line in enumerate(lines) if re.match(r"\s*(image|ports|env|resources|spec|selector):", line)]
    index = openers[int(place * len(openers))] if openers else 0
    pad = re.match(r"\s*", lines[index]).group()
    return lines[:index] + [f"{pad}# {text}"] + lines[index:]


def shuffled(world, node):
    """The same tree with the keys of its mappings in another order."""
    if isinstance(node, Anchored) or not isinstance(node, (dict, list)) or isinstance(node, Lines):
        return
    if isinstance(node, list):
        for item in node:
            shuffled(world, item)
        return
    items = list(node.items())
    order = items[:]
    world.rng.shuffle(order)
    if any(isinstance(value, (Anchored, Alias)) for _, value in items):
        order = items  # an anchor stays before its aliases
    elif len(items) > 1 and [key for key, _ in order] == [key for key, _ in items]:
        order.reverse()
    node.clear()
    node.update(order)
    for value in node.values():
        shuffled(world, value)


def holds_anchors(node):
    if isinstance(node, (Anchored, Alias)):
        return True
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return any(holds_anchors(child) for child in children)


def decoy_reorder(world):
    paths = yaml_files(world) or [path for path in world.files if path.endswith(("json", "toml", "ini", "properties"))]
    if not paths:
        return False
    body = world.files[world.pick(paths)].body
    for document in body if isinstance(body, list) else [body]:
        if not holds_anchors(document):
            shuffled(world, document)
    return True


def reformat(world, path):
    style = world.files[path].style
    if world.shape != HELM:  # templates say by how much they indent
        style.indent = 2 if style.indent == 4 else 4
    style.dash = 0 if style.dash else 2


def decoy_reformat(world):
    paths = yaml_files(world)
    if not paths:
        return False
    reformat(world, world.pick(paths))
    return True


def decoy_new_variable(world):
    name = world.prefix + world.pick(["AUDIT_SINK", "SEARCH_SHARDS", "EXPORT_FORMAT", "RENDER_THREADS"])
    found = world.variables("dropped") or world.variables("moved")
    for variable in reversed(found):
        variable.add_beside(name, world.pick(["standard", "compact", "wide"]))
    if found:
        world.program.reads.insert(world.rng.randrange(len(world.program.reads)), [name, None])
    return bool(found)


def decoy_rename(world, role="moved"):
    old = world.names[role]
    new = world.prefix + old.removeprefix(world.prefix).replace("_", "_" + world.pick(["ACTIVE", "CURRENT"]) + "_", 1)
    found = world.variables(role)
    for variable in reversed(found):
        variable.rename(new)
    for read in world.program.reads:
        read[0] = new if read[0] == old else read[0]
    return bool(found)


def decoy_removal(world, role="dropped"):
    found = world.variables(role)
    for variable in reversed(found):
        variable.erase()
    world.program.reads[:] = [read for read in world.program.reads if read[0] != world.names[role]]
    return bool(found)


def decoy_replicas(world):
    other = world.pick([name for name in world.workloads if name != world.victim])
    if world.shape in SETTINGS + (TERRAFORM,):
        return False
    slot = world.slot("spec", "replicas", workload=other)
    slot.write(slot.value + 1)
    return True


def decoy_readme(world):
    note = world.pick(["See the runbook for rollbacks.", "Ask the on-call first.", "Mind the release calendar."])
    world.files["README.md"].body += f"\n{note}\n"
    return True


def decoy_source(world):
    names = world.rng.sample(["format_price", "parse_page", "slugify", "round_total", "merge_carts"], 2)
    world.add("app/helpers.py", "".join(f"def {name}(value):\n    return str(value).strip()\n\n\n" for name in names))
    return True


def decoy_new_workload(world):
    name = world.pick(["status-page", "link-checker", "thumbnailer"])
    if world.shape == COMPOSE:
        world.files["docker-compose.yml"].body[0]["services"][name] = {
            "image": f"registry.example.com/{world.app}/{name}:1.0.0", "restart": "always"}
        return True
    if world.shape not in KUBERNETES:
        return False
    container = {"name": name, "image": f"registry.example.com/{world.app}/{name}:1.0.0",
                 "resources": {"limits": {"cpu": "200m", "memory": "128Mi"}}}
    document = object_of("apps/v1", "Deployment", name, spec={
        "replicas": 1, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}})
    add_object_file(world, name, document)
    return True


def add_object_file(world, name, document):
    """A new object in a file of its own, or at the end of one that is there."""
    path = world.yaml_path(f"{world.root}/{name}.yaml")
    if path in world.files:
        world.files[path].body.append(document)
        return
    world.add(path, [document])
    if world.shape == KUSTOMIZE:
        world.files["base/kustomization.yaml"].body[0]["resources"].append(f"{name}.yaml")


def decoy_staging(world):
    found = [variable for variable in world.variables("log") if variable.rank == 2]
    for variable in found[:1]:
        variable.write("trace")
    return bool(found)


DECOYS = [decoy_label, decoy_comment, decoy_reorder, decoy_reformat, decoy_new_variable, decoy_rename, decoy_removal,
          decoy_replicas, decoy_readme, decoy_source, decoy_new_workload, decoy_staging]


def add_decoys(world):
    wanted = world.rng.randrange(4, 8)
    for decoy in world.rng.sample(DECOYS, len(DECOYS)):
        wanted -= bool(decoy(world))
        if not wanted:
            return


# Faults. Each gets a project and plants one fault; the shapes it is planted in stand above it.

FAULTS = {}


def fault(name, *shapes):
    def register(function):
        FAULTS[name] = (shapes, function)
        return function
    return register


def secret_entry(world, variable):
    return (*CONTAINER, "env", world.prefix + variable, "valueFrom", "secretKeyRef")


def fraction(value, divisor):
    """A quantity divided, in the same unit: 512Mi and 4 give 128Mi; 1Gi and 4 give 256Mi."""
    number, unit = re.fullmatch(r"([\d.]+)(\w*)", value).groups()
    if float(number) / divisor < 1 and unit in ("Gi", "G"):
        number, unit = float(number) * 1024, unit.replace("G", "M")
    return f"{float(number) / divisor:g}{unit}"


@fault("F1", *KUBERNETES)
def plant_double_key(world):
    def secret():
        world.slot(*secret_entry(world, "DB_PASSWORD"), "key").double("user")

    def memory():
        world.slot(*CONTAINER, "resources", "limits", "memory").double("64Mi")

    def selector():
        world.slot("spec", "selector", "app", kind="Service").double(world.app)

    def data():
        world.slot("data", "batch-limit", kind="ConfigMap", workload=world.app + "-limits").double("50")

    def probes():
        world.slot(*CONTAINER, "readinessProbe", "timeoutSeconds").double(1)

    world.turn([secret, memory, probes, selector, data])()


@fault("F2", *KUBERNETES)
def plant_divergence(world):
    role, new = world.turn([("queue", "orders-eu"), ("ca", "/etc/pki/root.pem"), ("switch", "gzip")])
    if world.turn([True, False]):  # all siblings get a new value, the victim another one
        for name in world.workloads:
            world.variables(role, workload=name, staging=False)[0].write(new + "2")
    world.variable(role).plant(new)


@fault("F3", *KUBERNETES)
def plant_leftover(world):
    entry, steps, left = world.turn([
        (world.prefix + "METRICS_TOKEN", (*CONTAINER, "env"), "secret"),
        ("tls", (*CONTAINER, "volumeMounts"), "readOnly"),
        ("probe", (*CONTAINER, "ports"), "protocol")])
    for name in world.workloads:
        world.slot(*steps, entry, workload=name).erase()
    if left == "secret":
        world.program.reads[:] = [read for read in world.program.reads if read[0] != entry]
        world.slot(*secret_entry(world, "SMS_SECRET"), "key").double("token")
        return
    neighbour = world.slot(*steps).value[-1]
    neighbour[left] = Planted({"readOnly": True, "protocol": "UDP"}[left])


@fault("F4", *KUBERNETES)
def plant_shared_entry(world):
    variable, key = world.turn([("DB_PASSWORD", "user"), ("SMS_SECRET", "key"), ("SMS_KEY", "secret"),
                                ("DB_USER", "password")])
    world.slot(*secret_entry(world, variable), "key").plant(key)


@fault("F5", *KUBERNETES)
def plant_dangling_reference(world):
    secret = secret_entry(world, "DB_PASSWORD")
    steps, value = world.turn([
        ((*secret, "key"), "passwd"),
        ((*secret, "name"), "database-credentials"),
        ((*CONTAINER, "env", world.prefix + "BATCH_LIMIT", "valueFrom", "configMapKeyRef", "key"), "batch-size"),
        ((*CONTAINER, "envFrom", 0, "configMapRef", "name"), world.app + "-setting"),
        ((*POD, "volumes", "config", "configMap", "name"), world.app + "-config-files")])
    world.slot(*steps).plant(value)


@fault("F6", *KUBERNETES, COMPOSE, "env")
def plant_rename(world):
    role = world.turn(["queue", "pool", "retries", "url", "ca"])
    old = world.names[role].removeprefix(world.prefix)
    new = world.prefix + world.pick(["PRIMARY_", "DEFAULT_", "MAIN_"]) + old
    for variable in reversed(world.variables(role)):
        variable.rename(new, mark=True)


@fault("F7", *KUBERNETES, COMPOSE, "env")
def plant_removal(world):
    for variable in reversed(world.variables(world.turn(["queue", "pool", "retries", "url", "ca"]))):
        variable.cut()


@fault("F8", *KUBERNETES, COMPOSE, "env")
def plant_undefined(world):
    names = ["TAX_SERVICE_URL", "RATE_LIMIT_BURST", "COUPON_SALT", "SHIPPING_ZONE", "CDN_ROOT"]
    name = world.prefix + world.turn(names)
    reads = world.program.reads
    reads.insert(world.rng.randrange(1, len(reads)), [Planted(name), None])
    world.undefined.append(name)


@fault("F10", *KUBERNETES, COMPOSE)
def plant_lost_override(world):
    world.variables("upstream", workload=world.victim)[0].cut()


@fault("F11", *KUBERNETES, COMPOSE)
def plant_wrong_level(world):
    if world.shape == COMPOSE:
        return world.slot(*CONTAINER, "resources").move_up()
    steps = world.turn([(*CONTAINER, "resources"), (*CONTAINER, "readinessProbe"), (*POD, "nodeSelector"),
                        (*CONTAINER, "securityContext"), (*CONTAINER, "resources", "limits", "memory")])
    world.slot(*steps).move_up()


@fault("F12", *KUBERNETES, COMPOSE)
def plant_typo(world):
    steps, new = world.turn([
        ((*CONTAINER, "resources", "limits"), "limit"),
        ((*CONTAINER, "readinessProbe"), "readinesProbe"),
        (("spec", "replicas"), "replica"),
        ((*CONTAINER, "volumeMounts"), "volumeMount"),
        ((*POD, "terminationGracePeriodSeconds"), "terminationGracePeriodSecond")])
    if world.shape == COMPOSE:
        steps, new = (*CONTAINER, "image"), "imgae"
    slot = world.slot(*steps)
    if slot.key == "replicaCount":
        new = "replicasCount"
    slot.rename_key(new)


@fault("F13", *KUBERNETES, COMPOSE)
def plant_type(world):
    variable = world.variable(world.turn(["country", "mode", "version", "switch"]))
    if isinstance(variable.holder, list) and isinstance(variable.holder[variable.key], str):
        # `NAME=value` is always text: the type of something else slips
        if world.shape == COMPOSE:
            path, stack = world.values[0]
            ports = stack["services"][world.victim]["ports"]
            ports[1] = Planted(Raw(ports[1]))
            return
        variable = world.variable("switch")
    variable.plant(Raw(variable.value))


@fault("F14", *KUBERNETES)
def plant_selector(world):
    kind, steps, value = world.turn([
        ("Service", ("spec", "selector", "app"), world.victim + "-v2"),
        ("Service", ("spec", "selector", "tier"), "front"),
        ("PodDisruptionBudget", ("spec", "selector", "matchLabels", "app"), world.victim + "-pods"),
        ("NetworkPolicy", ("spec", "podSelector", "matchLabels", "app"), world.victim.split("-")[0] + "x"),
        ("HorizontalPodAutoscaler", ("spec", "scaleTargetRef", "name"), world.victim + "-deployment")])
    world.slot(*steps, kind=kind).plant(value)


@fault("F15", *KUBERNETES, COMPOSE)
def plant_port(world):
    other = world.port + 800
    if world.shape == COMPOSE:
        ports = world.values[0][1]["services"][world.victim]["ports"]
        ports[0] = Planted(f"{world.port}:{other}")
        return
    paths = ("spec", "rules", 0, "http", "paths", 0, "backend", "service", "port", "number")
    kind, steps, value = world.turn([
        ("Service", ("spec", "ports", 0, "targetPort"), other),
        ("Deployment", (*CONTAINER, "ports", 0, "containerPort"), other),
        ("Deployment", (*CONTAINER, "readinessProbe", "httpGet", "port"), "web"),
        ("Ingress", paths, 8080),
        ("Service", ("spec", "ports", 0, "port"), 8000)])
    slot = world.slot(*steps, kind=kind)
    slot.plant_identity(value) if slot.key in ("containerPort", "port") else slot.plant(value)


@fault("F16", *KUBERNETES, COMPOSE)
def plant_probe(world):
    if world.shape == COMPOSE:
        check = world.values[0][1]["services"][world.victim]["healthcheck"]
        key, value = world.turn([("timeout", "1s"), ("retries", 1)])
        check[key] = Planted(value)
        return
    steps, value = world.turn([
        (("livenessProbe", "timeoutSeconds"), 1), (("livenessProbe", "initialDelaySeconds"), 5),
        (("readinessProbe", "httpGet", "path"), "/status"), (("livenessProbe", "failureThreshold"), 1),
        (("readinessProbe",), None)])
    slot = world.slot(*CONTAINER, *steps)
    slot.cut() if value is None else slot.plant(value)


@fault("F17", *KUBERNETES, COMPOSE)
def plant_memory(world):
    slot = world.slot(*CONTAINER, "resources", "limits", "memory")
    number, unit = re.fullmatch(r"(\d+)(\w+)", slot.value).groups()
    slipped = number + {"Gi": "Mi", "Mi": "m", "M": "k"}[unit]
    slot.plant(world.turn([fraction(slot.value, 4), slipped, fraction(slot.value, 2), number, fraction(slot.value, 8)]))


@fault("F18", *KUBERNETES, COMPOSE)
def plant_cpu(world):
    key = "cpus" if world.shape == COMPOSE else "cpu"
    value = world.turn(["0.20", "0.10"] if world.shape == COMPOSE else ["100m", "200m", "250m", "50m"])
    world.slot(*CONTAINER, "resources", "limits", key).plant(value)


@fault("F19", *KUBERNETES, COMPOSE)
def plant_image(world):
    slot, part = world.image()
    repository, _, tag = slot.value.rpartition(":")
    numbers = re.findall(r"\d+", tag)
    older = ("v" if tag.startswith("v") else "") + f"{numbers[0]}.{int(numbers[1]) - 1}.0"
    new = world.turn(["latest", older, "main", "feature-rework", "0.9.1"])
    if part == "tag":
        return slot.plant(new)
    if new == "0.9.1":  # the same tag of another repository
        return slot.plant(f"docker.io/{world.pick(['someone', 'forks', 'lab'])}/{repository.split('/')[-1]}:{tag}")
    slot.plant(f"{repository}:{new}")


@fault("F20", *KUBERNETES, COMPOSE)
def plant_capacity(world):
    replicas = ("Deployment", ("spec", "replicas"))
    scaler = "HorizontalPodAutoscaler"
    kind, steps, value = world.turn([(*replicas, 1), (*replicas, 0), (scaler, ("spec", "maxReplicas"), 3),
                                     (scaler, ("spec", "minReplicas"), 20),
                                     ("PodDisruptionBudget", ("spec", "minAvailable"), 0)])
    if world.shape == COMPOSE:
        (kind, steps), value = replicas, 1
    world.slot(*steps, kind=kind).plant(value)


@fault("F21", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_timing(world):
    role, value = world.turn([("timeout", "30"), ("pool", "2"), ("retries", "0"), ("ttl", "3600000"),
                              ("timeout", "250")])
    world.variable(role).plant(value)


@fault("F22", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_flag(world):
    world.variable("flag").plant("false")


@fault("F23", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_address(world):
    variable = world.variable("url")
    old = variable.value
    variable.plant(world.turn([old.replace(":8443", ":8080"), old.replace("https", "http"), old.replace("/v2", "/v3/"),
                               re.sub(r"//\w+\.", "//gateway.", old), old.replace(".example.", ".exmaple.")]))


@fault("F24", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_swap(world):
    role = world.turn(["url", "url", "host"])
    world.variable(role).plant(world.staging[role])


@fault("F25", *KUBERNETES, COMPOSE)
def plant_volume(world):
    if world.shape == COMPOSE:
        volumes = world.values[0][1]["services"][world.victim]["volumes"]
        volumes[0] = Planted("data:/srv/data")
        return
    steps, value = world.turn([
        ((*CONTAINER, "volumeMounts", "data"), None), ((*POD, "volumes", "config"), None),
        ((*CONTAINER, "volumeMounts", "data", "mountPath"), "/srv/data"),
        ((*POD, "volumes", "data", "persistentVolumeClaim", "claimName"), world.app + "-scratch"),
        ((*CONTAINER, "volumeMounts", "tls", "mountPath"), "/etc/certs")])
    slot = world.slot(*steps)
    if value is not None:
        return slot.plant_identity(value) if slot.key == "mountPath" else slot.plant(value)
    if "volumeMounts" in steps:
        slot.lose(slot.value["mountPath"])
    slot.cut(steps[-1])


@fault("F26", *KUBERNETES, COMPOSE)
def plant_arguments(world):
    args = world.slot(*CONTAINER, "args").value
    first = args.index("--workers")
    change = world.turn(["flag", "value", "joined", "bind", "worker"])
    if change == "joined":  # two arguments become one
        args[first:first + 2] = [Planted(f"--workers {world.workers}")]
    else:
        index, text = {"flag": (first, "--worker-count"), "value": (first + 1, "1"),
                       "bind": (first + 3, f"127.0.0.1:{world.port}"), "worker": (first + 1, "auto")}[change]
        args[index] = Planted(text)


@fault("F27", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_tls(world):
    variants = ["ca", "verify"] + ["secret", "ingress"] * (world.shape in KUBERNETES)
    variant = world.turn(variants)
    if variant == "secret":
        world.slot(*POD, "volumes", "tls", "secret", "secretName").plant(world.app + "-tls-2019")
    elif variant == "ingress":
        world.slot("spec", "tls", 0, "secretName", kind="Ingress").plant(world.app + "-wildcard")
    else:
        world.variable(variant).plant({"ca": "/etc/ssl/certs/ca-bundle.crt", "verify": "false"}[variant])


@fault("F28", *KUBERNETES)
def plant_network(world):
    rule = ("spec", "ingress", 0)
    variant = world.turn(["peer", "namespace", "port", "deny", "label"])
    if variant == "peer":
        world.slot(*rule, "from", 0, kind="NetworkPolicy").cut("from")
    elif variant == "namespace":
        world.slot(*rule, "from", 1, "namespaceSelector", "matchLabels", "team", kind="NetworkPolicy").plant("payments")
    elif variant == "port":
        world.slot(*rule, "ports", 0, kind="NetworkPolicy").cut("ports")
    elif variant == "label":
        world.slot(*rule, "from", 0, "podSelector", "matchLabels", "app", kind="NetworkPolicy").plant("edge-proxy")
    else:
        policy = object_of("networking.k8s.io/v1", "NetworkPolicy", "default-deny",
                           spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
        whole = {key: Planted(value) for key, value in policy.items()}
        add_object_file(world, "production" if world.shape == MULTI else "deny", whole)


@fault("F29", *KUBERNETES)
def plant_permission(world):
    variant = world.turn(["verbs", "resources", "account", "subject", "absent"])
    if variant in ("verbs", "resources"):
        world.slot("rules", 0, variant, 1, kind="Role").cut(variant)
    elif variant == "subject":
        world.slot("subjects", 0, "name", kind="RoleBinding").plant_identity(world.app + "-runners")
    elif variant == "account":
        world.slot(*POD, "serviceAccountName").plant("default")
    else:
        world.slot(*POD, "serviceAccountName").cut()


@fault("F30", *KUBERNETES)
def plant_ingress(world):
    rule = ("spec", "rules", 0)
    path = (*rule, "http", "paths", 0)
    variant = world.turn(["path", "host", "class", "type", "rewrite"])
    if variant == "rewrite":
        slot = world.slot("metadata", kind="Ingress")
        annotations = slot.value.setdefault("annotations", {})
        annotations["nginx.ingress.kubernetes.io/rewrite-target"] = Planted("/")
        return
    steps, value = {"path": ((*path, "path"), "/apis"), "type": ((*path, "pathType"), "Exact"),
                    "host": ((*rule, "host"), f"{world.app}.example.com"),
                    "class": (("spec", "ingressClassName"), "internal")}[variant]
    world.slot(*steps, kind="Ingress").plant(value)


@fault("F31", *KUBERNETES)
def plant_scheduling(world):
    steps, value = world.turn([
        ((*POD, "nodeSelector", "pool"), "gpu"), ((*POD, "tolerations", 0), None),
        ((*POD, "priorityClassName"), "best-effort"), ((*POD, "tolerations", 0, "value"), "batch"),
        ((*POD, "affinity"), {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"tier": world.tier}}}]}})])
    if isinstance(value, dict):
        world.slot(*POD, "priorityClassName").holder["affinity"] = Planted(value)
        return
    slot = world.slot(*steps)
    slot.cut("tolerations") if value is None else slot.plant(value)


@fault("F32", *KUBERNETES)
def plant_security(world):
    slot = world.slot(*CONTAINER, "securityContext")
    key, value = world.turn([("readOnlyRootFilesystem", True), ("runAsUser", 65534), ("runAsNonRoot", True),
                             ("capabilities", {"drop": ["ALL"]}), ("runAsGroup", 3000)])
    slot.value[key] = Planted(value)


@fault("F33", *KUBERNETES)
def plant_embedded(world):
    slot = next(world.slot("data", name, kind="ConfigMap", workload=world.app + "-files") for name in EMBEDDED
                if name in world.documents[("ConfigMap", world.app + "-files")][1]["data"])
    old, new = world.turn([("512", "8"), ("db.internal:5432", "db.internal:6432"), ("40", "4"), ("20MB", "20KB")])
    lines = [line.replace(old, new) + MARK if old in line else line for line in slot.value.split("\n")]
    slot.write("\n".join(lines))


@fault("F34", *KUBERNETES)
def plant_config_map(world):
    if world.turn([True, False]):
        slot = world.slot("data", "batch-limit", kind="ConfigMap", workload=world.app + "-limits")
        return slot.plant(world.pick(["5", "10", "20"]))
    role = world.turn(["ttl", "country", "ttl"])
    found = world.variables(role, staging=False)
    found[0].plant({"ttl": "5", "country": "SE"}[role])


@fault("F35", *KUBERNETES)
def plant_rollout(world):
    steps, value = world.turn([
        (("spec", "strategy", "rollingUpdate", "maxUnavailable"), "75%"),
        ((*POD, "terminationGracePeriodSeconds"), 1), ((*CONTAINER, "lifecycle"), None),
        (("spec", "minReadySeconds"), 0), ((*CONTAINER, "lifecycle", "preStop", "exec", "command", 1), "0")])
    slot = world.slot(*steps)
    slot.cut() if value is None else slot.plant(value)


@fault("F36", TERRAFORM)
def plant_terraform(world):
    file, old, new = world.turn([
        ("compute.tf", r"(desired_count +=) \d+", r"\1 1"), ("database.tf", r"db\.r6g\.2xlarge", "db.t3.medium"),
        ("network.tf", r"10\.0\.0\.0/8", "10.0.12.0/24"), ("access.tf", r'"s3:PutObject", ', ""),
        ("production.tfvars", r"(max_size +=) 20", r"\1 4"), ("functions.tf", r"(timeout +=) 60", r"\1 3"),
        ("access.tf", r"(force_destroy +=) false", r"\1 true"),
        ("compute.tf", r"(deregistration_delay +=) 120", r"\1 0"),
        ("database.tf", r"(multi_az +=) true", r"\1 false"), ("production.tfvars", r"(session_ttl +=) 3600", r"\1 60")])
    edit_text(world, f"{world.root}/{file}", old, new, MARK)


@fault("F37", COMPOSE, *KUBERNETES)
def plant_compose(world):
    if world.shape != COMPOSE:
        args = world.slot(*CONTAINER, "args").value
        args[args.index("--workers") + 1] = Planted("$(" + world.prefix + "WORKER_COUNT)")
        return
    path, stack = world.values[0]
    own = stack["services"][world.victim]
    variant = world.turn(["name", "ports", "depends", "default", "env_file", "typo"])
    if variant == "name":
        world.files[".env"].body.pop(world.prefix + "SMS_SECRET")
        world.removed.append((".env", world.prefix + "SMS_SECRET", ""))
    elif variant == "ports":
        own["ports"][0] = Planted(f"{world.port + 700}:{world.port}")
    elif variant == "depends":
        Slot(world, path, own, "depends_on", owner=world.victim).cut()
    elif variant == "default":
        variable = world.variables(world.prefix + "DB_PASSWORD", workload=world.victim)[0]
        variable.plant("${" + world.prefix + "DB_PASS}")
    elif variant == "typo":
        variable = world.variables(world.prefix + "DB_PASSWORD", workload=world.victim)[0]
        variable.plant("${" + world.prefix + "DB_PASWORD}")
    else:
        own["env_file"] = Planted([".env.local"])


@fault("F38", *SECTIONED)
def plant_settings(world):
    variant = world.turn(["double", "moved", "type", "key"])
    role = world.turn(["timeout", "pool", "retries", "url", "queue"])
    variable = world.variable(role)
    if variant == "double":
        variable.holder[Again(variable.key)] = Planted(world.typed({"timeout": "100", "pool": "1"}.get(role, "2")))
    elif variant == "moved":
        body = world.files[variable.path].body
        other = next(section for name, section in body.items() if section is not variable.holder)
        other[variable.key] = Planted(variable.value)
        variable.cut()
    elif variant == "type":
        variable.holder[variable.key] = Planted([variable.value] if world.shape in ("toml", "json")
                                                else f"[{variable.value}]")
    else:
        insert_after(variable.holder, variable.key, variable.key[:-1], Planted(variable.value))
        variable.cut()


def edit_one_line(world, path, pattern, edit):
    """Rewrites the first line of a file that fits, once it is text."""
    def apply(lines):
        index = next(i for i, line in enumerate(lines) if re.search(pattern, line) and MARK not in line)
        return lines[:index] + edit(lines[index]) + lines[index + 1:]
    world.files[path].edits.append(apply)


def production_file(world):
    if world.shape in SETTINGS:
        return f"{world.root}/production.{world.shape}"
    if world.shape in (HELM, COMPOSE):
        return world.values[0][0]
    return world.documents[("Deployment", world.victim)][0]


@fault("F39", *KUBERNETES, COMPOSE, "json", "toml")
def plant_unparsable(world):
    path = production_file(world)
    world.unparsable.append(path)
    if world.shape == "json":
        return edit_one_line(world, path, r'": .*,$', lambda line: [line[:-1] + MARK])
    if world.shape == "toml":
        return edit_one_line(world, path, r'= ".*"$', lambda line: [line[:-1] + MARK])
    edit = world.turn([
        lambda line: [re.sub(r": .*", lambda m: ': "' + m.group()[2:].strip("\"'"), line) + MARK],
        lambda line: ["\t" + line + MARK],
        lambda line: [" " + line + MARK],
        lambda line: [line.replace(": ", " ", 1) + MARK],
        lambda line: [re.sub(r": .*", lambda m: ": [" + m.group()[2:].strip("\"'"), line) + MARK]])
    edit_one_line(world, path, r"^\s+(replicas|replicaCount|minReadySeconds|image): ", edit)


@fault("F40", PLAIN, HELM, KUSTOMIZE, MULTI, COMPOSE, *SETTINGS)
def plant_placeholder(world):
    variable = world.variable(world.turn(["url", "host", "token", "queue", "url"]))
    variable.plant(world.turn(["CHANGEME", "TODO", "xxx", "{" + variable.name.upper() + "}", "REPLACE_ME"]))


@fault("F41", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_credential(world):
    if world.shape in KUBERNETES and world.turn([True, False]):
        slot = world.slot("data", "password", kind="Secret", workload="db-credentials")
        return slot.plant(encoded(world))
    world.variable("token").plant(world.make_value("token", "prod"))


@fault("F42", *KUBERNETES)
def plant_schedule(world):
    key, value = world.turn([("schedule", "* * * * *"), ("timeZone", "America/New_York"),
                             ("concurrencyPolicy", "Allow"), ("suspend", True), ("schedule", "0 0 30 2 *")])
    world.slot("spec", key, kind="CronJob").plant(value)


@fault("F44", *KUBERNETES, COMPOSE, *SETTINGS)
def plant_conflict(world):
    pattern = r"^\s+(replicas|replicaCount|minReadySeconds|image): "
    if world.shape in SETTINGS:
        pattern = re.escape(world.spelling(world.names["timeout"]))
    ours = world.pick(["HEAD", "main", "Updated upstream"])

    def conflict(line):
        digits = re.sub(r"(\d+)(\D*)$", lambda m: str(int(m.group(1)) + 1) + m.group(2), line)
        lines = [f"<<<<<<< {ours}", line, "=======", digits, f">>>>>>> {world.pick(['release', 'topic/limits'])}"]
        return [text + MARK for text in lines]

    edit_one_line(world, production_file(world), pattern, conflict)


# Innocence: commits that change no effective value, or agree with the code.

def innocent_reformat(world):
    for path in yaml_files(world):
        reformat(world, path)


def innocent_reorder(world):
    for path in yaml_files(world):
        for document in world.files[path].body:
            if not holds_anchors(document):
                shuffled(world, document)


def innocent_anchors(world):
    """Probes and labels that a document says twice, or aliases that it had, are written the other way."""
    for (kind, name), (_, document) in world.documents.items():
        if kind != "Deployment":
            continue
        spec = document["spec"]
        labels = spec["selector"]["matchLabels"]
        if isinstance(labels, Anchored):
            spec["template"]["metadata"]["labels"] = dict(labels.value)
            spec["selector"]["matchLabels"] = dict(labels.value)
        else:
            spec["selector"]["matchLabels"] = Anchored(camel(name) + "Labels", labels)
            spec["template"]["metadata"]["labels"] = Alias(camel(name) + "Labels")
    for _, stack in world.values if world.shape == COMPOSE else ():
        defaults = stack.pop("x-defaults").value
        for own in stack["services"].values():
            own.pop("<<", None)
            own.update(copy.deepcopy(defaults))


def innocent_quotes(world):
    for path in yaml_files(world):
        style = world.files[path].style
        style.quote_all = not style.quote_all
        style.quote = "'" if style.quote == '"' and world.shape not in (HELM, TEMPLATE) else '"'


def innocent_comments(world):
    add_comments(world, 8)
    decoy_readme(world)


INNOCENCE = {
    "reformat": (KUBERNETES + (COMPOSE,), innocent_reformat),
    "reorder": ((PLAIN, TEMPLATE, HELM, KUSTOMIZE), innocent_reorder),
    "anchors": ((PLAIN, TEMPLATE, HELM, COMPOSE, MULTI), innocent_anchors),
    "quotes": (KUBERNETES + (COMPOSE,), innocent_quotes),
    "comments": (KUBERNETES + (COMPOSE, "toml", "ini", "properties", "env"), innocent_comments),
    "rename": (KUBERNETES + (COMPOSE, "env"), decoy_rename),
    "removal": (KUBERNETES + (COMPOSE, "env"), decoy_removal),
}


# Cases: a repository, what is planted in it, and what the binary says of it.

@dataclasses.dataclass
class Case:
    name: str
    index: int
    shape: str
    before: dict
    after: dict
    lines: list  # planted (path, line)
    world: World

    @property
    def label(self):
        return f"{self.name}-{self.index + 1}-{self.shape}"


def rendered(world):
    return {path: file.text(path) for path, file in world.files.items()}


def make_case(name, index, seed):
    faulty = name in FAULTS
    shapes, change = (FAULTS if faulty else INNOCENCE)[name]
    shapes = random.Random(f"{seed}/{name}").sample(shapes, len(shapes))
    shape = shapes[index % len(shapes)]
    world = World(shape, f"{seed}/{name}", index)
    world.before = rendered(world)
    if faulty:
        add_decoys(world)
    change(world)
    marked = rendered(world)
    lines = [(path, number) for path, text in marked.items()
             for number, line in enumerate(text.split("\n"), 1) if MARK in line]
    after = {path: text.replace(MARK, "") for path, text in marked.items()}
    assert after != world.before, f"{name} {index} {shape}: nothing changed"
    assert not faulty or lines or world.removed, f"{name} {index} {shape}: nothing planted"
    assert faulty or not lines, f"{name} {index} {shape}: innocent, but marked"
    return Case(name, index, shape, world.before, after, lines, world)


GIT_ENVIRONMENT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
WHO = ["-c", "user.name=Sam Example", "-c", "user.email=sam@example.com", "-c", "core.hooksPath=" + os.devnull,
       "-c", "core.autocrlf=false", "-c", "commit.gpgSign=false"]


def git(folder, *arguments, date="2024-03-04T10:00:00+00:00"):
    environment = {**os.environ, **GIT_ENVIRONMENT, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    subprocess.run(["git", *WHO, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def write_tree(folder, files):
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")


def write_repository(case, folder):
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main", "--template=")
    for files, message, date in [(case.before, "Add the services", "2024-03-04T10:00:00+00:00"),
                                 (case.after, "Update the configuration", "2024-03-05T15:30:00+00:00")]:
        write_tree(folder, files)
        git(folder, "add", "--all", "--force")
        git(folder, "commit", "-q", "--no-verify", "-m", message, date=date)


def covers(change, place, slack=0):
    path, line = place
    first = change.get("line")
    return change.get("path") == path and first is not None and (
        first - slack <= line <= (change.get("end_line") or first) + slack)


def words_of(change):
    """The names in a report: the object, the variable of a `NAME=value`, and each part of the path of the field."""
    words = {(change.get("object") or {}).get("name"), (change.get("before") or "").partition("=")[0]}
    for word in re.split(r"[^\w/.-]+", change.get("field_path") or ""):
        words |= {word} if "/" in word else {word, *word.split(".")}
    return words


def names_what_is_gone(change, world):
    words = words_of(change)
    return any(change.get("path") == path and name in words and (not owner or {owner, camel(owner)} & words)
               for path, name, owner in world.removed)


def planted_changes(case, changes):
    """For each reported change whether it is the planted one."""
    covered = {place: any(covers(change, place) for change in changes) for place in case.lines}
    world = case.world
    return [any(covers(change, place, 0 if exact else 1) for place, exact in covered.items())
            or names_what_is_gone(change, world)
            or bool(words_of(change) & set(world.undefined))
            or (change.get("fault") == "unparsable" and change.get("path") in world.unparsable)
            for change in changes]


@dataclasses.dataclass
class Outcome:
    case: Case
    rank: int  # of the planted change, from 1; 0 when it is not there
    planted: float
    decoy: float  # the best of the others
    first: str  # what came first


def describe(change):
    owner = change.get("object") or {}
    what = f"{owner.get('kind')}/{owner.get('name')} {change.get('field_path')}"
    return f"{change.get('path')}:{change.get('line')} {what} ({change.get('score'):.0f})"


def score(case, changes):
    planted = planted_changes(case, changes)
    rank = planted.index(True) + 1 if True in planted else 0
    others = [change["score"] for change, own in zip(changes, planted) if not own]
    return Outcome(case, rank, changes[rank - 1]["score"] if rank else 0, max(others, default=0),
                   describe(changes[0]) if changes else "nothing is reported")


def run_case(binary, case, root):
    folder = root / case.label
    write_repository(case, folder)
    command = [binary, "diff", "HEAD~1..HEAD", "--repo", str(folder), "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True)
    try:
        changes = json.loads(run.stdout)["changes"]
    except (ValueError, KeyError):
        note = run.stderr.strip().splitlines()
        return Outcome(case, 0, 0, 0, f"the binary failed ({run.returncode}): {note[-1] if note else 'no output'}")
    return score(case, changes)


# The report

def percent(count, total):
    return f"{count}/{total} ({100 * count / total:.0f} %)"


def planted_place(case):
    places = [f"{path}:{line}" for path, line in case.lines]
    places += [f"{path} without {name}" for path, name, _ in case.world.removed]
    return places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def fault_table(outcomes):
    lines = ["| class | what is planted | repositories | top-1 | top-3 "
             "| median score planted | median score best decoy |", "|---|---|---|---|---|---|---|"]
    grouped = collections.defaultdict(list)
    for outcome in outcomes:
        grouped[outcome.case.name].append(outcome)
    for name, own in grouped.items():
        planted, decoy = (statistics.median(getattr(o, field) for o in own) for field in ("planted", "decoy"))
        lines.append(f"| {name} | {CLASSES[name]} | {len(own)} | {sum(o.rank == 1 for o in own)} "
                     f"| {sum(1 <= o.rank <= 3 for o in own)} | {planted:.1f} | {decoy:.1f} |")
    first, three = sum(o.rank == 1 for o in outcomes), sum(1 <= o.rank <= 3 for o in outcomes)
    absent = sum(o.rank == 0 for o in outcomes)
    total = len(outcomes)
    return lines + ["", f"{total} repositories in {len(grouped)} classes: top-1 {percent(first, total)}, "
                        f"top-3 {percent(three, total)}, not reported at all {percent(absent, total)}."]


def innocence_table(outcomes):
    lines = ["| innocent commit | what changes | repositories | highest score | above "
             f"{HIGHEST_INNOCENT_SCORE} |", "|---|---|---|---|---|"]
    grouped = collections.defaultdict(list)
    for outcome in outcomes:
        grouped[outcome.case.name].append(outcome)
    for name, own in grouped.items():
        loud = sum(o.decoy > HIGHEST_INNOCENT_SCORE for o in own)
        lines.append(f"| {name} | {INNOCENT[name]} | {len(own)} | {max(o.decoy for o in own):.1f} | {loud} |")
    loud = sum(o.decoy > HIGHEST_INNOCENT_SCORE for o in outcomes)
    return lines + ["", f"{len(outcomes)} innocent repositories: {percent(loud, len(outcomes))} "
                        f"with a score above {HIGHEST_INNOCENT_SCORE}."]


def miss_lines(outcomes):
    lines = []
    for outcome in outcomes:
        case = outcome.case
        if case.name in INNOCENCE and outcome.decoy > HIGHEST_INNOCENT_SCORE:
            lines.append(f"- {case.label}: {outcome.first}")
        elif case.name in FAULTS and outcome.rank != 1:
            place = f"rank {outcome.rank}, {outcome.planted:.0f}" if outcome.rank else "not reported"
            lines.append(f"- {case.label}: planted {planted_place(case)} ({place}); first {outcome.first}")
    return lines


def report(outcomes):
    faults = [o for o in outcomes if o.case.name in FAULTS]
    innocent = [o for o in outcomes if o.case.name in INNOCENCE]
    lines = fault_table(faults) if faults else []
    lines += ([""] if faults and innocent else []) + (innocence_table(innocent) if innocent else [])
    misses = miss_lines(outcomes)
    return "\n".join(lines + (["", "Misses:", ""] + misses if misses else ["", "No misses."])) + "\n"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-class", type=int, default=5)
    parser.add_argument("--classes", help="some of " + ", ".join([*CLASSES, *INNOCENT]))
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder in which the repositories stay")
    parser.add_argument("--out", type=pathlib.Path, help="write the tables here too")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    chosen.classes = chosen.classes.split(",") if chosen.classes else [*CLASSES, *INNOCENT]
    unknown = [name for name in chosen.classes if name not in CLASSES and name not in INNOCENT]
    if unknown:
        parser.error("no such class: " + ", ".join(unknown))
    if not os.access(chosen.binary, os.X_OK):
        parser.error(f"{chosen.binary} is no program")
    if chosen.per_class < 1:
        parser.error("--per-class must be at least 1")
    if chosen.keep and chosen.keep.exists() and any(chosen.keep.iterdir()):
        parser.error(f"{chosen.keep} is not empty")
    return chosen


def main():
    chosen = options()
    assert CLASSES.keys() == FAULTS.keys() and INNOCENT.keys() == INNOCENCE.keys()
    cases = [make_case(name, index, chosen.seed) for name in chosen.classes for index in range(chosen.per_class)]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        root = chosen.keep or pathlib.Path(folder)
        outcomes = list(pool.map(lambda case: run_case(chosen.binary, case, root), cases))
    text = report(outcomes)
    print(text, end="")
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
