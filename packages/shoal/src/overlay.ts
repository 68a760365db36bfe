/** The same object but for these properties. */
export function overlay<T extends object> (object: T, properties: Partial<T>): T {
  return new Proxy(object, {
    get (target, key) {
      if (key in properties) return properties[key as keyof T]
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) as unknown : value
    }
  })
}
