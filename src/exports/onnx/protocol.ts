import protobuf from "protobufjs";

/** What is written of ONNX's files. Names and numbers of fields are those of the ONNX project's onnx.proto. */
const { root } = protobuf.parse(`
  syntax = "proto2";
  message ModelProto {
    optional int64 ir_version = 1;
    repeated OperatorSetIdProto opset_import = 8;
    optional string producer_name = 2;
    optional string producer_version = 3;
    optional string doc_string = 6;
    optional GraphProto graph = 7;
    repeated StringStringEntryProto metadata_props = 14;
  }
  message OperatorSetIdProto {
    optional string domain = 1;
    optional int64 version = 2;
  }
  message StringStringEntryProto {
    optional string key = 1;
    optional string value = 2;
  }
  message GraphProto {
    repeated NodeProto node = 1;
    optional string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    optional string name = 3;
    optional string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message AttributeProto {
    optional string name = 1;
    optional int32 type = 20;
    optional int64 i = 3;
    repeated int64 ints = 8 [packed = false];
  }
  message TensorProto {
    repeated int64 dims = 1 [packed = false];
    optional int32 data_type = 2;
    optional string name = 8;
    optional bytes raw_data = 9;
  }
  message ValueInfoProto {
    optional string name = 1;
    optional TypeProto type = 2;
    optional string doc_string = 3;
  }
  message TypeProto {
    message Tensor {
      optional int32 elem_type = 1;
      optional TensorShapeProto shape = 2;
    }
    optional Tensor tensor_type = 1;
  }
  message TensorShapeProto {
    message Dimension {
      oneof value {
        int64 dim_value = 1;
        string dim_param = 2;
      }
    }
    repeated Dimension dim = 1;
  }
`);

/** ONNX's numbers of types, of arrays and of attributes. */
export const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

export const encodeModel = (model: object): Uint8Array =>
  root.lookupType("ModelProto").encode(model).finish();

/** An attribute of an operator: a whole number, or several. */
export const attribute = (name: string, value: number | readonly number[]) =>
  typeof value === "number"
    ? { name, type: ATTRIBUTE_INT, i: value }
    : { name, type: ATTRIBUTE_INTS, ints: value };

const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray) =>
  new Uint8Array(buffer, byteOffset, byteLength);

export const floats = (name: string, dims: readonly number[], data: Float32Array) => ({
  name,
  dims,
  dataType: FLOAT,
  rawData: bytesOf(data),
});

export const integers = (name: string, values: readonly number[]) => ({
  name,
  dims: [values.length],
  dataType: INT64,
  rawData: bytesOf(BigInt64Array.from(values, BigInt)),
});

/** An array of a number of rows that is not known yet. */
export const rowsOf = (name: string, shape: readonly number[], docString: string) => ({
  name,
  docString,
  type: {
    tensorType: {
      elemType: FLOAT,
      shape: { dim: [{ dimParam: "N" }, ...shape.map((dimValue) => ({ dimValue }))] },
    },
  },
});
