"""Short programs for MongoDB's other drivers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Final

from clearline.core.profiles.profile import Profile
from clearline.core.snippets.driver_uri import ForeignUri, foreign_uri
from clearline.core.snippets.drivers import CSHARP, DRIVERS, GO, JAVA, NODE, RUST, Driver
from clearline.core.snippets.snippet import Group, Snippet
from clearline.core.snippets.variables import Kind, Piece

_WIDTH: Final = 96


def programs(profile: Profile) -> tuple[Snippet, ...]:
    """One program for each driver."""
    return tuple(_program(driver, profile) for driver in DRIVERS)


def _program(driver: Driver, profile: Profile) -> Snippet:
    uri = foreign_uri(driver, profile)
    variables = dict.fromkeys(piece.text for piece in uri.pieces if piece.kind is not Kind.TEXT)
    needs = (driver.package, *_NEEDS.get(driver.key, ()))
    note = f"Options that the driver does not know are left out: it {driver.unknown}."
    if driver is RUST and profile.options.compressors:
        note += " Compression has to be switched on in Cargo.toml: " + ", ".join(
            f"{name}-compression" for name in profile.options.compressors
        )
    return Snippet(
        key=driver.key,
        title=driver.title,
        group=Group.DRIVERS,
        language=driver.language,
        text=_PROGRAMS[driver.key](uri, profile.options.server_api),
        note=note if uri.remarks else "",
        needs=needs,
        env=tuple(variables),
    )


def _node(uri: ForeignUri, api: str | None) -> str:
    value = _joined(
        uri.pieces,
        lambda name: f"process.env.{name}",
        lambda name: f"encodeURIComponent(process.env.{name})",
    )
    options = f", {{ serverApi: {json.dumps(api)} }}" if api else ""
    return f"""import {{ MongoClient }} from "mongodb";

{_comments(uri, "// ")}const uri =
  {_lines(value, 4)};

const client = new MongoClient(uri{options});
try {{
  await client.db("admin").command({{ ping: 1 }});
  console.log("ping ok");
}} finally {{
  await client.close();
}}
"""


def _java(uri: ForeignUri, api: str | None) -> str:
    value = _joined(uri.pieces, lambda name: f'System.getenv("{name}")', lambda name: f'encoded("{name}")')
    imports = ["com.mongodb.ConnectionString", "com.mongodb.MongoClientSettings", "com.mongodb.client.MongoClient"]
    imports += ["com.mongodb.client.MongoClients", "org.bson.Document"]
    stable = ""
    if api:
        imports += ["com.mongodb.ServerApi", "com.mongodb.ServerApiVersion"]
        stable = f"\n            .serverApi(ServerApi.builder().version(ServerApiVersion.V{api}).build())"
    encoded = ""
    if _encodes(uri):
        imports += ["java.net.URLEncoder", "java.nio.charset.StandardCharsets"]
        encoded = """
    private static String encoded(String variable) {
        // URLEncoder writes a space as +, which a connection string takes as it is
        return URLEncoder.encode(System.getenv(variable), StandardCharsets.UTF_8).replace("+", "%20");
    }
"""
    head = "\n".join(f"import {name};" for name in sorted(imports))
    return f"""{head}

public final class Connect {{
{_comments(uri, "    // ")}    private static final String URI =
        {_lines(value, 12)};

    public static void main(String[] args) {{
        MongoClientSettings settings = MongoClientSettings.builder()
            .applyConnectionString(new ConnectionString(URI)){stable}
            .build();
        try (MongoClient client = MongoClients.create(settings)) {{
            client.getDatabase("admin").runCommand(new Document("ping", 1));
            System.out.println("ping ok");
        }}
    }}
{encoded}}}
"""


def _go(uri: ForeignUri, api: str | None) -> str:
    value = _joined(uri.pieces, lambda name: f'os.Getenv("{name}")', lambda name: f'encoded("{name}")')
    imports = ["context", "fmt", "log"]
    imports += ["net/url", "os", "strings"] if _encodes(uri) else ["os"] if _reads(uri) else []
    stable = ""
    if api:
        stable = f".\n\t\tSetServerAPIOptions(options.ServerAPI(options.ServerAPIVersion{api}))"
    encoded = ""
    if _encodes(uri):
        encoded = """
// encoded percent-encodes a variable; QueryEscape writes a space as +, which is no space before the hosts.
func encoded(variable string) string {
	return strings.ReplaceAll(url.QueryEscape(os.Getenv(variable)), "+", "%20")
}
"""
    head = "\n".join(f'\t"{name}"' for name in imports)
    lines = _lines(value, 1, after=True).replace("\n ", "\n\t\t")
    return f"""package main

import (
{head}

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func main() {{
{_comments(uri, "	// ")}	uri := {lines}
	client, err := mongo.Connect(options.Client().ApplyURI(uri){stable})
	if err != nil {{
		log.Fatal(err)
	}}
	defer client.Disconnect(context.Background())
	ping := bson.D{{{{Key: "ping", Value: 1}}}}
	if err := client.Database("admin").RunCommand(context.Background(), ping).Err(); err != nil {{
		log.Fatal(err)
	}}
	fmt.Println("ping ok")
}}
{encoded}"""


def _csharp(uri: ForeignUri, api: str | None) -> str:
    value = _joined(
        uri.pieces,
        lambda name: f'Environment.GetEnvironmentVariable("{name}")',
        lambda name: f'Uri.EscapeDataString(Environment.GetEnvironmentVariable("{name}")!)',
    )
    stable = f"settings.ServerApi = new ServerApi(ServerApiVersion.V{api});\n" if api else ""
    return f"""using MongoDB.Bson;
using MongoDB.Driver;

{_comments(uri, "// ")}var uri =
    {_lines(value, 4)};

var settings = MongoClientSettings.FromConnectionString(uri);
{stable}using var client = new MongoClient(settings);
await client.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1));
Console.WriteLine("ping ok");
"""


def _rust(uri: ForeignUri, api: str | None) -> str:
    text = "".join(
        piece.text.replace("{", "{{").replace("}", "}}") if piece.kind is Kind.TEXT else "{}" for piece in uri.pieces
    )
    values = [
        f'encoded("{piece.text}")?' if piece.kind is Kind.ENCODED else f'std::env::var("{piece.text}")?'
        for piece in uri.pieces
        if piece.kind is not Kind.TEXT
    ]
    # A backslash at the end of a line takes the white space of the next one away.
    quoted = '"' + "\\\n         ".join(_quoted(part)[1:-1] for part in _parts(text)) + '"'
    inner = "".join(f"\n        {line}," for line in (quoted, *values))
    made = f"format!({inner}\n    )" if values else quoted.replace("{{", "{").replace("}}", "}")
    names = ["ClientOptions"]
    stable = ""
    if api:
        names += ["ServerApi", "ServerApiVersion"]
        stable = f"    options.server_api = Some(ServerApi::builder().version(ServerApiVersion::V{api}).build());\n"
    encoded = ""
    if _encodes(uri):
        encoded = """
fn encoded(variable: &str) -> Result<String, std::env::VarError> {
    Ok(urlencoding::encode(&std::env::var(variable)?).into_owned())
}
"""
    imported = names[0] if len(names) == 1 else "{" + ", ".join(names) + "}"
    return f"""use mongodb::{{bson::doc, options::{imported}, Client}};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
{_comments(uri, "    // ")}    let uri = {made};
    let {"mut " if api else ""}options = ClientOptions::parse(uri).await?;
{stable}    let client = Client::with_options(options)?;
    client.database("admin").run_command(doc! {{ "ping": 1 }}).await?;
    println!("ping ok");
    Ok(())
}}
{encoded}"""


_PROGRAMS: Final[dict[str, Callable[[ForeignUri, str | None], str]]] = {
    NODE.key: _node,
    JAVA.key: _java,
    GO.key: _go,
    CSHARP.key: _csharp,
    RUST.key: _rust,
}
_NEEDS: Final = {RUST.key: ("tokio", "urlencoding")}


def _comments(uri: ForeignUri, mark: str) -> str:
    return "".join(f"{mark}{remark}\n" for remark in uri.remarks)


def _reads(uri: ForeignUri) -> bool:
    return any(piece.kind is not Kind.TEXT for piece in uri.pieces)


def _encodes(uri: ForeignUri) -> bool:
    return any(piece.kind is Kind.ENCODED for piece in uri.pieces)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _joined(pieces: Sequence[Piece], plain: Callable[[str], str], encoded: Callable[[str], str]) -> list[str]:
    """The terms of a sum of texts; a long text becomes several terms."""
    terms: list[str] = []
    for kind, text in pieces:
        match kind:
            case Kind.PLAIN:
                terms.append(plain(text))
            case Kind.ENCODED:
                terms.append(encoded(text))
            case Kind.TEXT:
                terms += [_quoted(part) for part in _parts(text)]
    return terms


def _parts(text: str) -> list[str]:
    if len(text) <= _WIDTH:
        return [text]
    parts = [""]
    for word in re.findall(r"[^&?,]*[&?,]|[^&?,]+", text):
        if parts[-1] and len(parts[-1]) + len(word) > _WIDTH:
            parts.append("")
        parts[-1] += word
    return parts


def _lines(terms: list[str], indent: int, *, after: bool = False) -> str:
    """The sum on one line, or on several; with the sign at the end of a line where the language wants that."""
    line = " + ".join(terms)
    if len(line) <= _WIDTH:
        return line
    space = "\n" + " " * indent
    return (f" +{space}" if after else f"{space}+ ").join(terms)
