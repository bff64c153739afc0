import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

/** What is said of each dataset that can be downloaded, and of each of its files. */
const common = {
  title: z.string().min(1),
  source: z.url(),
  licence: z.string().min(1),
  citation: z.string().min(1),
  imageShape: z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]),
  /** Folders that have the files, tried in order. */
  mirrors: z.array(z.url().endsWith("/")).min(1),
};
const commonOfFile = { bytes: z.int().min(1), sha256: sha256Hex };

/** One file for each role. */
const filesFor = <File extends z.ZodObject<{ role: z.ZodEnum }>>(file: File) => {
  const roles = file.shape.role.options;
  return z
    .array(file)
    .refine((files) => roles.every((role) => files.filter((file) => file["role"] === role).length === 1), {
      message: `expected one file for each of ${roles.join(", ")}`,
    });
};

export const fileRoles = ["trainImages", "trainLabels", "testImages", "testLabels"] as const;

/** A dataset that is published as four IDX files in the manner of MNIST. */
export const descriptorSchema = z.strictObject({
  ...common,
  classNames: z.array(z.string().min(1)).min(1).max(256),
  files: filesFor(
    z.strictObject({
      role: z.enum(fileRoles),
      name: z.string().endsWith(".gz"),
      ...commonOfFile, // of the published .gz file
      /** Of the decompressed file, where it is known. */
      sha256Raw: sha256Hex.optional(),
    }),
  ),
});

/** One that is published in three parts as text, an image of zeros and ones a line. */
export const amatDescriptorSchema = z.strictObject({
  ...common,
  files: filesFor(
    z.strictObject({
      role: z.enum(["train", "validation", "test"]),
      name: z.string().endsWith(".amat"),
      ...commonOfFile,
    }),
  ),
});

/** One whose files are archives or arrays that its source understands. */
export const filesDescriptorSchema = z.strictObject({
  ...common,
  classNames: z.array(z.string().min(1)).min(1).max(256).optional(),
  files: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        bytes: commonOfFile.bytes.optional(),
        sha256: commonOfFile.sha256.optional(),
      }),
    )
    .min(1),
});

type Named<Schema extends z.ZodType> = z.output<Schema> & { readonly name: string };

export type Descriptor = Named<typeof descriptorSchema>;
export type DescribedFile = Descriptor["files"][number];
export type FilesDescriptor = Named<typeof filesDescriptorSchema>;
export type AmatDescriptor = Named<typeof amatDescriptorSchema>;

/** Reads `datasets/<name>.yaml` of this package. A mistake in it is a defect, not the user's. */
export async function readDescriptor<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
): Promise<Named<Schema>> {
  const url = new URL(`../../datasets/${name}.yaml`, import.meta.url);
  const descriptor = schema.safeParse(parse(await readFile(url, "utf8")));
  if (!descriptor.success) throw new Error(`datasets/${name}.yaml:\n${z.prettifyError(descriptor.error)}`);
  return { name, ...(descriptor.data as object) } as Named<Schema>;
}
