import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

export const fileRoles = ["trainImages", "trainLabels", "testImages", "testLabels"] as const;

/** What `datasets/<name>.yaml` holds: a dataset that is published as four IDX files in the manner of MNIST. */
export const descriptorSchema = z.strictObject({
  title: z.string().min(1),
  source: z.url(),
  licence: z.string().min(1),
  citation: z.string().min(1),
  imageShape: z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]),
  classNames: z.array(z.string().min(1)).min(1).max(256),
  /** Folders that have the files, tried in order. */
  mirrors: z.array(z.url().endsWith("/")).min(1),
  files: z
    .array(
      z.strictObject({
        role: z.enum(fileRoles),
        name: z.string().endsWith(".gz"),
        bytes: z.int().min(1),
        /** Of the published .gz file. */
        sha256: sha256Hex,
        /** Of the decompressed file, where it is known. */
        sha256Raw: sha256Hex.optional(),
      }),
    )
    .refine((files) => fileRoles.every((role) => files.filter((file) => file.role === role).length === 1), {
      message: `expected one file for each of ${fileRoles.join(", ")}`,
    }),
});

export type Descriptor = z.output<typeof descriptorSchema> & { readonly name: string };
export type DescribedFile = Descriptor["files"][number];

/** Reads `datasets/<name>.yaml` of this package. A mistake in it is a defect, not the user's. */
export async function readDescriptor(name: string): Promise<Descriptor> {
  const url = new URL(`../../datasets/${name}.yaml`, import.meta.url);
  const descriptor = descriptorSchema.safeParse(parse(await readFile(url, "utf8")));
  if (!descriptor.success) throw new Error(`datasets/${name}.yaml:\n${z.prettifyError(descriptor.error)}`);
  return { name, ...descriptor.data };
}
