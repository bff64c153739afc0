import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { OPENER, SHARED_PACKAGES } from "../tfjsNode.ts";
import type { TensorflowLibrary } from "./library.ts";
import type { Tools } from "./tools.ts";

/** The same version as our TensorFlow.js. Its native part calls nothing that TensorFlow 2.9 to 2.21 lack. */
const TFJS_NODE = "@tensorflow/tfjs-node";
const TFJS_NODE_VERSION = "4.22.0";

/** Node-API 8 is in every Node from 16 on; an addon for it runs in all of them. */
const NODE_API = 8;

/**
 * Opens a library with stderr turned away, so that what its initialisers write is not seen. An error is told when Node
 * opens the same library next.
 */
const OPENER_SOURCE = `#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

static napi_value Open(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argument;
  char path[4096];
  napi_get_cb_info(env, info, &argc, &argument, nullptr, nullptr);
  napi_get_value_string_utf8(env, argument, path, sizeof path, nullptr);
  int saved = dup(STDERR_FILENO);
  int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDERR_FILENO);
  dlopen(path, RTLD_NOW | RTLD_LOCAL);
  dup2(saved, STDERR_FILENO);
  close(nowhere);
  close(saved);
  return nullptr;
}

NAPI_MODULE_INIT() {
  napi_value open;
  napi_create_function(env, nullptr, 0, Open, nullptr, &open);
  return open;
}
`;

/**
 * Puts tfjs-node into `build`/node_modules with its native part compiled against `library`. Without its install script,
 * which downloads TensorFlow 2.9 of 2022; without node-gyp, which needs Python and Node's own headers from nodejs.org.
 * Returns the path of the addon.
 */
export async function compileBinding(
  tools: Tools,
  { build, library, compiler }: { build: string; library: TensorflowLibrary; compiler: string },
): Promise<string> {
  const scratch = join(build, "scratch");
  const tfjsNode = join(build, "node_modules", TFJS_NODE);
  const headers = join(scratch, "node-api-headers");
  await fetchPackage(tools, `${TFJS_NODE}@${TFJS_NODE_VERSION}`, tfjsNode, scratch);
  await fetchPackage(tools, "node-api-headers@1", headers, scratch);
  for (const name of SHARED_PACKAGES) addPlaceholder(join(build, "node_modules", name), name);

  const output = join(tfjsNode, "lib", `napi-v${NODE_API}`);
  mkdirSync(output, { recursive: true });
  const compile = (target: string, args: readonly string[]) =>
    tools.run(compiler, [
      ...[
        "-std=c++17",
        "-O2",
        "-fPIC",
        "-shared",
        `-DNAPI_VERSION=${NODE_API}`,
        "-I",
        join(headers, "include"),
      ],
      ...args,
      ...["-o", join(output, target)],
    ]);

  const opener = join(scratch, "opener.cc");
  writeFileSync(opener, OPENER_SOURCE);
  await compile(OPENER, [opener, "-ldl"]);

  // An rpath says where the libraries are when the program runs: from the addon on if they are inside of the folder,
  // which may then be moved. NVIDIA's are linked too, although only TensorFlow calls them: it looks for them by name,
  // in places that vary with its version, and finds those that are already open.
  const libraries = [...library.libraries, ...library.cudaLibraries];
  const rpaths = [library.folder, ...library.cudaLibraries.map((path) => dirname(path))].map((folder) =>
    folder.startsWith(`${build}/`) ? `$ORIGIN/${relative(output, folder)}` : folder,
  );
  await compile("tfjs_binding.node", [
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(tfjsNode, "binding", name)),
    ...["-I", library.include, "-Wl,--no-as-needed", ...libraries],
    ...[...new Set(rpaths)].map((path) => `-Wl,-rpath,${path}`),
  ]);
  rmSync(scratch, { recursive: true });
  return join(output, "tfjs_binding.node");
}

/** npm fetches from the registry that the user has configured, and checks what it gets. */
async function fetchPackage(tools: Tools, spec: string, folder: string, scratch: string): Promise<void> {
  const downloads = join(scratch, "download");
  mkdirSync(downloads, { recursive: true });
  mkdirSync(folder, { recursive: true });
  await tools.run("npm", ["pack", "--ignore-scripts", "--pack-destination", downloads, spec]);
  const [archive] = readdirSync(downloads);
  await tools.run("tar", [
    "-xzf",
    join(downloads, archive!),
    "-C",
    folder,
    "--strip-components=1",
    "--no-same-owner",
  ]);
  rmSync(downloads, { recursive: true });
}

/** tfjs-node asks for TensorFlow.js, and gets ours from `registerTfjsNode`; but Node must find something to replace. */
function addPlaceholder(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "index.js"),
    `throw new Error("${name} is not here: vae puts its own in this place when it loads tfjs-node");\\n`,
  );
}
