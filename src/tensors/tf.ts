/**
 * The one door to TensorFlow.js; everything else imports from here. The package is loaded when the first of these functions
 * is called and not before: it takes half a second, and a wrong setting is told without it. Each function that the project
 * uses has its line.
 */

import { createRequire } from "node:module";
import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";

export type * from "@tensorflow/tfjs-core";
export type { LayersModel, SymbolicTensor } from "@tensorflow/tfjs-layers";

let loaded: typeof Core | undefined;

/** The package itself, for packages that are to share it. */
export function core(): typeof Core {
  if (!loaded) {
    const require = createRequire(import.meta.url);
    // For its side effect: it registers the gradients of all operations, which tfjs-core's bundle for Node leaves out.
    require("@tensorflow/tfjs-layers");
    loaded = require("@tensorflow/tfjs-core") as typeof Core;
  }
  return loaded;
}

/** The package of standard layers, which what is exported to TensorFlow.js consists of. */
export const layers = (): typeof Layers =>
  createRequire(import.meta.url)("@tensorflow/tfjs-layers") as typeof Layers;

export type StandardLayers = typeof Layers.layers;

type Functions = {
  [Name in keyof typeof Core as (typeof Core)[Name] extends (...args: never) => unknown
    ? Name
    : never]: (typeof Core)[Name];
};

const door = <Name extends keyof Functions>(name: Name): Functions[Name] =>
  ((...args: never[]) => (core()[name] as (...args: never[]) => unknown)(...args)) as Functions[Name];

export const abs = door("abs");
export const add = door("add");
export const addN = door("addN");
export const all = door("all");
export const argMax = door("argMax");
export const argMin = door("argMin");
export const backend = door("backend");
export const buffer = door("buffer");
export const cast = door("cast");
export const clipByValue = door("clipByValue");
export const clone = door("clone");
export const concat = door("concat");
export const conv2d = door("conv2d");
export const conv2dTranspose = door("conv2dTranspose");
export const cumsum = door("cumsum");
export const customGrad = door("customGrad");
export const depthwiseConv2d = door("depthwiseConv2d");
export const dispose = door("dispose");
export const disposeVariables = door("disposeVariables");
export const div = door("div");
export const elu = door("elu");
export const enableProdMode = door("enableProdMode");
export const engine = door("engine");
export const env = door("env");
export const exp = door("exp");
export const expandDims = door("expandDims");
export const fill = door("fill");
export const findBackendFactory = door("findBackendFactory");
export const gather = door("gather");
export const getBackend = door("getBackend");
export const getKernel = door("getKernel");
export const getKernelsForBackend = door("getKernelsForBackend");
export const grad = door("grad");
export const grads = door("grads");
export const greater = door("greater");
export const keep = door("keep");
export const leakyRelu = door("leakyRelu");
export const less = door("less");
export const lessEqual = door("lessEqual");
export const linspace = door("linspace");
export const log = door("log");
export const log1p = door("log1p");
export const logSoftmax = door("logSoftmax");
export const logSumExp = door("logSumExp");
export const matMul = door("matMul");
export const max = door("max");
export const maxPool = door("maxPool");
export const maximum = door("maximum");
export const mean = door("mean");
export const memory = door("memory");
export const min = door("min");
export const minimum = door("minimum");
export const moments = door("moments");
export const mul = door("mul");
export const neg = door("neg");
export const oneHot = door("oneHot");
export const ones = door("ones");
export const pad = door("pad");
export const prelu = door("prelu");
export const prod = door("prod");
export const profile = door("profile");
export const randomNormal = door("randomNormal");
export const randomUniform = door("randomUniform");
export const range = door("range");
export const registerBackend = door("registerBackend");
export const registerGradient = door("registerGradient");
export const registerKernel = door("registerKernel");
export const relu = door("relu");
export const relu6 = door("relu6");
export const removeBackend = door("removeBackend");
export const reshape = door("reshape");
export const round = door("round");
export const scalar = door("scalar");
export const setBackend = door("setBackend");
export const sigmoid = door("sigmoid");
export const sign = door("sign");
export const slice = door("slice");
export const slice2d = door("slice2d");
export const softmax = door("softmax");
export const softplus = door("softplus");
export const split = door("split");
export const sqrt = door("sqrt");
export const square = door("square");
export const squeeze = door("squeeze");
export const stack = door("stack");
export const step = door("step");
export const sub = door("sub");
export const sum = door("sum");
export const tanh = door("tanh");
export const tensor = door("tensor");
export const tensor1d = door("tensor1d");
export const tensor2d = door("tensor2d");
export const tensor3d = door("tensor3d");
export const tensor4d = door("tensor4d");
export const tidy = door("tidy");
export const tile = door("tile");
export const topk = door("topk");
export const transpose = door("transpose");
export const unregisterKernel = door("unregisterKernel");
export const unstack = door("unstack");
export const upcastType = door("upcastType");
export const valueAndGrad = door("valueAndGrad");
export const valueAndGrads = door("valueAndGrads");
export const variable = door("variable");
export const variableGrads = door("variableGrads");
export const where = door("where");
export const zeros = door("zeros");
export const zerosLike = door("zerosLike");
const isFiniteDoor = door("isFinite");

export { isFiniteDoor as isFinite };

/** The same for a group of functions. */
const groupDoor = <Name extends "util" | "backend_util" | "broadcast_util" | "slice_util">(
  name: Name,
): (typeof Core)[Name] =>
  new Proxy({} as (typeof Core)[Name], { get: (_, key) => Reflect.get(core()[name], key) });

export const util = groupDoor("util");
export const backend_util = groupDoor("backend_util");
export const broadcast_util = groupDoor("broadcast_util");
export const slice_util = groupDoor("slice_util");

export type Conv2DInfo = Core.backend_util.Conv2DInfo;
export type ExplicitPadding = Core.backend_util.ExplicitPadding;
export type BackendValues = Core.backend_util.BackendValues;
export type FusedActivation = Core.backend_util.Activation;

export const isTensor = (value: unknown): value is Core.Tensor => value instanceof core().Tensor;

// The names of kernels.
export const Abs: typeof Core.Abs = "Abs";
export const Add: typeof Core.Add = "Add";
export const AddN: typeof Core.AddN = "AddN";
export const BatchMatMul: typeof Core.BatchMatMul = "BatchMatMul";
export const Cast: typeof Core.Cast = "Cast";
export const Ceil: typeof Core.Ceil = "Ceil";
export const ClipByValue: typeof Core.ClipByValue = "ClipByValue";
export const Concat: typeof Core.Concat = "Concat";
export const Elu: typeof Core.Elu = "Elu";
export const EluGrad: typeof Core.EluGrad = "EluGrad";
export const Equal: typeof Core.Equal = "Equal";
export const Exp: typeof Core.Exp = "Exp";
export const ExpandDims: typeof Core.ExpandDims = "ExpandDims";
export const Expm1: typeof Core.Expm1 = "Expm1";
export const Fill: typeof Core.Fill = "Fill";
export const Floor: typeof Core.Floor = "Floor";
export const GatherV2: typeof Core.GatherV2 = "GatherV2";
export const Greater: typeof Core.Greater = "Greater";
export const GreaterEqual: typeof Core.GreaterEqual = "GreaterEqual";
export const Less: typeof Core.Less = "Less";
export const LessEqual: typeof Core.LessEqual = "LessEqual";
export const LinSpace: typeof Core.LinSpace = "LinSpace";
export const Log: typeof Core.Log = "Log";
export const Log1p: typeof Core.Log1p = "Log1p";
export const LogicalAnd: typeof Core.LogicalAnd = "LogicalAnd";
export const LogicalOr: typeof Core.LogicalOr = "LogicalOr";
export const Max: typeof Core.Max = "Max";
export const Maximum: typeof Core.Maximum = "Maximum";
export const Mean: typeof Core.Mean = "Mean";
export const Min: typeof Core.Min = "Min";
export const Minimum: typeof Core.Minimum = "Minimum";
export const Multiply: typeof Core.Multiply = "Multiply";
export const Neg: typeof Core.Neg = "Neg";
export const NotEqual: typeof Core.NotEqual = "NotEqual";
export const OneHot: typeof Core.OneHot = "OneHot";
export const OnesLike: typeof Core.OnesLike = "OnesLike";
export const Pack: typeof Core.Pack = "Pack";
export const PadV2: typeof Core.PadV2 = "PadV2";
export const Pow: typeof Core.Pow = "Pow";
export const Prod: typeof Core.Prod = "Prod";
export const Range: typeof Core.Range = "Range";
export const RealDiv: typeof Core.RealDiv = "RealDiv";
export const Reciprocal: typeof Core.Reciprocal = "Reciprocal";
export const Relu: typeof Core.Relu = "Relu";
export const Round: typeof Core.Round = "Round";
export const Rsqrt: typeof Core.Rsqrt = "Rsqrt";
export const Select: typeof Core.Select = "Select";
export const Sigmoid: typeof Core.Sigmoid = "Sigmoid";
export const Sign: typeof Core.Sign = "Sign";
export const Slice: typeof Core.Slice = "Slice";
export const Softmax: typeof Core.Softmax = "Softmax";
export const Softplus: typeof Core.Softplus = "Softplus";
export const SplitV: typeof Core.SplitV = "SplitV";
export const Sqrt: typeof Core.Sqrt = "Sqrt";
export const Square: typeof Core.Square = "Square";
export const SquaredDifference: typeof Core.SquaredDifference = "SquaredDifference";
export const Step: typeof Core.Step = "Step";
export const Sub: typeof Core.Sub = "Sub";
export const Sum: typeof Core.Sum = "Sum";
export const Tanh: typeof Core.Tanh = "Tanh";
export const Tile: typeof Core.Tile = "Tile";
export const Transpose: typeof Core.Transpose = "Transpose";
export const Unpack: typeof Core.Unpack = "Unpack";
export const ZerosLike: typeof Core.ZerosLike = "ZerosLike";
export const _FusedMatMul: typeof Core._FusedMatMul = "_FusedMatMul";
