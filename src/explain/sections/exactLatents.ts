import type { ExactLatents, LatentIdentity } from "../../evaluation/exactLatents.ts";
import { type Block, paragraph, type Row, type Section } from "../document.ts";
import { nats, number, relativeError } from "../numbers.ts";

/** Images that are printed; all are in the facts. */
const SHOWN = 8;

const differenceOf = ({ logProb, elbo, gap }: LatentIdentity) => Math.abs((elbo + gap) / logProb - 1);

/** log p(x) = ELBO + KL(q(z|x) ‖ p(z|x)), image by image, of a VAE that is probabilistic PCA. */
export function exactLatentsSection({ images, mean, draws, drawErrors, sigma, latentDim }: ExactLatents) {
  const row = (name: string, of: LatentIdentity): Row => [
    name,
    ...[of.logProb, of.elbo, of.gap, of.elboEstimate, of.logProbEstimate].map((value) => nats(value, 4)),
  ];
  const worst = images.reduce((a, b) => (differenceOf(a) > differenceOf(b) ? a : b));
  const blocks: Block[] = [
    paragraph(
      "Encoder and decoder are linear and the noise is a Gaussian of one σ: this VAE is probabilistic PCA. With x = Wz + b + N(0, σ²I), " +
        "z ~ N(0, I) and M = WᵀW + σ²I, p(x) = N(b, WWᵀ + σ²I) and p(z|x) = N(M⁻¹Wᵀ(x − b), σ²M⁻¹) (Tipping and Bishop 1999), " +
        `in float64 with the weights as they are and σ = ${number(sigma)}.`,
    ),
    {
      kind: "table",
      head: [
        "image",
        "log p(x)",
        "= ELBO",
        "+ KL(q ‖ p(z|x))",
        `ELBO, ${draws.elbo} z`,
        `log p(x), ${draws.logProb} weights`,
      ],
      rows: [
        ...images.slice(0, SHOWN).map((image, i) => row(String(i), image)),
        row(`mean of ${images.length}`, mean),
      ],
    },
    paragraph(
      `The first training images, in nats. Three closed forms, each computed on its own: ELBO + KL is log p(x) but for a relative ` +
        `${relativeError(worst.elbo + worst.gap, worst.logProb)}. Beside them the estimators: the ELBO as the mean over z ~ q(z|x), ± ${drawErrors.elbo.toPrecision(2)} on the mean from other ` +
        `draws, and log p(x) as the log of the mean of importance weights, ± ${drawErrors.logProb.toPrecision(2)}.`,
    ),
    paragraph(
      `The KL is what the encoder costs. p(z|x) has the same covariance σ²M⁻¹ for each x; it is diagonal only if the columns of W ` +
        `are orthogonal, and q(z|x) of ${number(latentDim)} independent latents can be exact only then. At the maximum of the bound they are (Lucas et al. ` +
        "2019, “Don't blame the ELBO!”), so that training drives the KL to 0.",
    ),
  ];
  return {
    title: "Where all is known: log p(x) = ELBO + KL(q(z|x) ‖ p(z|x))",
    blocks,
    facts: { images, mean, draws, drawErrors, sigma },
  } satisfies Section;
}
