import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { imageFolder } from "../../src/data/imageFolder.ts";
import { decodeImage, imageSizeOf } from "../../src/data/imageFormats.ts";
import { contextIn, failureOf, hashOf, png, temporaryFolder } from "./files.ts";
import { pillowImage, pillowImages } from "./pillowImages.ts";

const names = Object.keys(pillowImages) as (keyof typeof pillowImages)[];

test.each(names)("%s has the pixels that Pillow decodes", async (name) => {
  const { width, height, sha256 } = pillowImages[name];
  const bytes = pillowImage(name);
  expect(imageSizeOf(bytes, name)).toEqual({ width, height });
  const image = await decodeImage(bytes, name);
  expect({ width: image.width, height: image.height }).toEqual({ width, height });
  expect(image.isGray).toBe(name === "gray.jpg");
  expect(hashOf(image.rgb as Uint8Array)).toBe(sha256);
});

test("a folder may hold several formats, and a file the wrong name", async () => {
  const path = await temporaryFolder();
  await mkdir(join(path, "a"));
  await writeFile(join(path, "a", "1.JPEG"), pillowImage("baseline.jpg"));
  await writeFile(join(path, "a", "2.png"), pillowImage("lossless.webp"));
  await writeFile(join(path, "a", "3.png"), png(20, 12, [1, 2, 3]));
  const data = await imageFolder.load(imageFolder.schema.parse({ name: "images", path }), contextIn(""));
  expect(data.train.count).toBe(3);
  expect(data.fields["x"]?.shape).toEqual([12, 20, 3]);
  const second = data.train.columns["x"]!.subarray(720, 1440);
  expect(Array.from({ length: 240 }, (_, i) => second[3 * i])).toEqual(
    Array.from({ length: 240 }, (_, i) => 12 * (i % 20)),
  );
});

test("what is wrong is told with the file", async () => {
  const jpeg = pillowImage("baseline.jpg");
  const webp = pillowImage("lossy.webp");
  const told: string[] = [];
  for (const bytes of [
    jpeg.subarray(0, -40),
    jpeg.subarray(0, 100),
    Buffer.concat([jpeg, Buffer.from("a comment")]),
    jpeg.fill(0xff, jpeg.length - 60, jpeg.length - 20),
    webp.subarray(0, -40),
    webp.subarray(0, 20),
    Buffer.from("GIF89a"),
    Buffer.alloc(0),
  ]) {
    const read = async () => {
      imageSizeOf(bytes, "a.jpg");
      await decodeImage(bytes, "a.jpg");
    };
    told.push(await failureOf(read()).catch(({ message }) => message));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: a.jpg: the image is damaged: Premature end of JPEG file.
    failure: a.jpg: the image is damaged: it does not say which size it has.
    it did not fail
    failure: a.jpg: the image is damaged: Corrupt JPEG data: premature end of data segment.
    failure: a.jpg: the image is damaged or cut off.
    failure: a.jpg: the image is damaged or cut off.
    failure: a.jpg: not a PNG, JPEG or WebP image, by its first bytes.
    failure: a.jpg: not a PNG, JPEG or WebP image, by its first bytes.
    "
  `);
});
