import protobuf from "protobufjs";

/**
 * What is written of TensorFlow's SavedModel format. Names and numbers of fields are those of TensorFlow's files
 * saved_model.proto, meta_graph.proto, graph.proto, node_def.proto, attr_value.proto, tensor.proto, tensor_shape.proto
 * and versions.proto; a data type is a number there as in the binding.
 */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message SavedModel {
    int64 saved_model_schema_version = 1;
    repeated MetaGraphDef meta_graphs = 2;
  }
  message MetaGraphDef {
    message MetaInfoDef { repeated string tags = 4; }
    MetaInfoDef meta_info_def = 1;
    GraphDef graph_def = 2;
  }
  message GraphDef {
    repeated NodeDef node = 1;
    VersionDef versions = 4;
  }
  message VersionDef { int32 producer = 1; }
  message NodeDef {
    string name = 1;
    string op = 2;
    repeated string input = 3;
    map<string, AttrValue> attr = 5;
  }
  message AttrValue {
    message ListValue {
      repeated int64 i = 3;
      repeated float f = 4;
      repeated bool b = 5;
    }
    oneof value {
      ListValue list = 1;
      bytes s = 2;
      int64 i = 3;
      float f = 4;
      bool b = 5;
      int32 type = 6;
      TensorShape shape = 7;
      Tensor tensor = 8;
    }
  }
  message TensorShape {
    message Dim { int64 size = 1; }
    repeated Dim dim = 2;
  }
  message Tensor {
    int32 dtype = 1;
    TensorShape tensor_shape = 2;
    bytes tensor_content = 4;
  }
`);

/** The value of a node's attribute. */
export type AttrValue =
  | { readonly list: { readonly i: readonly number[] } }
  | { readonly list: { readonly f: readonly number[] } }
  | { readonly list: { readonly b: readonly boolean[] } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: TensorShape }
  | { readonly tensor: { dtype: number; tensorShape: TensorShape; tensorContent: Uint8Array } };

export interface TensorShape {
  readonly dim: readonly { readonly size: number }[];
}

/** An operation of a graph. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `name` or `name:output`; at the end `^name` for nodes that only have to run before. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttrValue>>;
}

/** The tag under which a session finds the graph in the file. */
export const TAG = "serve";

/** The version of the graph's producer. Old ones have other rules for shapes; every TensorFlow 2 reads this one. */
const GRAPH_VERSION = 1087;

/** A graph as the bytes of `saved_model.pb`. */
export function encodeSavedModel(nodes: readonly NodeDef[]): Uint8Array {
  return root
    .lookupType("SavedModel")
    .encode({
      savedModelSchemaVersion: 1,
      metaGraphs: [
        { metaInfoDef: { tags: [TAG] }, graphDef: { node: nodes, versions: { producer: GRAPH_VERSION } } },
      ],
    })
    .finish();
}
