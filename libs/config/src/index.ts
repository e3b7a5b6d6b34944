export { Secret } from "./secret.ts";
export {
  boolean,
  field,
  integer,
  list,
  milliseconds,
  oneOf,
  optional,
  secret,
  text,
  url,
  urlParser,
  type Field,
  type FieldOptions,
  type IntegerOptions,
  type ListOptions,
  type Parser,
  type SecretOptions,
  type TextOptions,
  type UrlOptions,
} from "./field.ts";
export { limitFields, type LimitRow } from "./limit-fields.ts";
export { ConfigError, type ConfigFault } from "./config-error.ts";
export {
  describeFields,
  readConfig,
  variablesOf,
  type ConfigOf,
  type CrossCheck,
  type Environment,
  type FieldDescription,
  type Fields,
  type ReadConfigOptions,
} from "./read-config.ts";
