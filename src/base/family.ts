import { z } from "zod";

/** One of several that a configuration chooses from by the literal `kind` (or another tag) of its section. */
interface Member {
  /** The section of a configuration that chooses it. */
  readonly schema: z.ZodObject;
}

type Schemas<Members extends readonly [Member, ...Member[]]> = {
  readonly [I in keyof Members]: Members[I]["schema"];
};

/**
 * Makes a family from its members, one line for each: `schema` is the section of a configuration, one member's or
 * another's, and `of` finds the member that a section chooses. `Any` is what every member can do.
 *
 *     export const priors = familyOf<PriorFamily>()("kind", [standardNormal, gaussianMixture]);
 */
export const familyOf =
  <Any extends Member>() =>
  <const Tag extends string, const Members extends readonly [Any, ...Any[]]>(tag: Tag, members: Members) => {
    // The one cast: `map` forgets which member stands where.
    const schemas = members.map(({ schema }) => schema) as unknown as Schemas<Members>;
    const byName = new Map<string, Any>(members.map((member) => [nameOf(member, tag), member]));
    return {
      schema: z.discriminatedUnion(tag, schemas),
      /** Every member by its name, in the order of the list. */
      members: byName as ReadonlyMap<string, Any>,
      /** The member that a section chooses. */
      of: (section: { readonly [tag in Tag]: string }): Any => byName.get(section[tag])!,
    };
  };

const nameOf = ({ schema }: Member, tag: string) => String((schema.shape[tag] as z.ZodLiteral).value);
