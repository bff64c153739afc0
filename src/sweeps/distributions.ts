import { z } from "zod";

/** What a setting of a random search is drawn from: one member of the table below. */
interface Family<Schema extends z.ZodObject> {
  readonly schema: Schema;
  /** The value at the place u ~ U[0, 1) of the distribution. */
  draw(distribution: z.output<Schema>, u: number): unknown;
}

const family = <Schema extends z.ZodObject>(member: Family<Schema>) => member;

/** A number with the digits that the name of its cell has. */
const rounded = (value: number) => Number(value.toPrecision(4));

const isInOrder = ({ min, max }: { min: number; max: number }) => min <= max;
const ORDER = { error: "min is at most max" };

const uniform = family({
  schema: z
    .strictObject({ distribution: z.literal("uniform"), min: z.number(), max: z.number() })
    .refine(isInOrder, ORDER),
  draw: ({ min, max }, u) => rounded(min + (max - min) * u),
});

const logUniform = family({
  schema: z
    .strictObject({ distribution: z.literal("logUniform"), min: z.number().positive(), max: z.number() })
    .refine(isInOrder, ORDER),
  draw: ({ min, max }, u) => rounded(min * (max / min) ** u),
});

const int = family({
  schema: z
    .strictObject({ distribution: z.literal("int"), min: z.int(), max: z.int() })
    .refine(isInOrder, ORDER),
  draw: ({ min, max }, u) => min + Math.floor((max - min + 1) * u),
});

const choice = family({
  schema: z.strictObject({ distribution: z.literal("choice"), values: z.array(z.unknown()).nonempty() }),
  draw: ({ values }, u) => values[Math.floor(values.length * u)],
});

export const distributionSchema = z.discriminatedUnion("distribution", [
  uniform.schema,
  logUniform.schema,
  int.schema,
  choice.schema,
]);

export type Distribution = z.output<typeof distributionSchema>;

const families = { uniform, logUniform, int, choice } satisfies Record<Distribution["distribution"], object>;

/** The value at the place u ~ U[0, 1) of a distribution, with four digits where it is a real number. */
export function draw(distribution: Distribution, u: number): unknown {
  const { draw }: Pick<Family<z.ZodObject>, "draw"> = families[distribution.distribution];
  return draw(distribution, u);
}
